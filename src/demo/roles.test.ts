import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observationOf, settleRoles } from './roles.ts';
import { whatIsMissing } from './whole.ts';

test('of two that were seen as master, the one asked last is it', () => {
  const roles = settleRoles(
    new Map([
      ['n1', { role: 'master', askedAt: 100, heardAt: 100 }],
      ['n2', { role: 'master', askedAt: 250, heardAt: 250 }],
      ['n3', { role: 'standby', askedAt: 300, heardAt: 300 }],
    ]),
  );
  assert.deepEqual(
    [...roles],
    [
      ['n1', 'down'],
      ['n2', 'master'],
      ['n3', 'standby'],
    ],
  );
});

test('a node that does not answer, or says nothing that is known, is down', () => {
  for (const body of [null, 'text', {}, { role: 'captain' }, { role: 'starting' }]) {
    assert.equal(observationOf(body, 10, null).role, 'down');
  }
});

test('a standby that is being promoted is one still, for a while', () => {
  const standby = observationOf({ role: 'standby' }, 1000, null);
  const promoted = observationOf({ role: 'starting' }, 1200, standby);
  assert.deepEqual(promoted, { role: 'standby', askedAt: 1200, heardAt: 1000 });
  assert.equal(observationOf({ role: 'starting' }, 5900, promoted).role, 'standby');
  assert.equal(observationOf({ role: 'starting' }, 6100, promoted).role, 'down');
  assert.equal(observationOf(null, 1300, promoted).role, 'down');
});

test('a master that serves nobody any more is down at once', () => {
  const master = observationOf({ role: 'master' }, 1000, null);
  assert.equal(observationOf({ role: 'starting' }, 1200, master).role, 'down');
});

test('a cluster is whole with a master, everybody streaming and a synchronous standby', () => {
  const n1 = { name: 'n1', streaming: false, synchronous: false, because: 'master' };
  const n2 = { name: 'n2', streaming: true, synchronous: true, because: 'standby' };
  assert.equal(whatIsMissing({ master: 'n1', nodes: [n1, n2] }, 2, 1), '');
  assert.match(whatIsMissing({ master: null, nodes: [n1, n2] }, 2, 1), /no master/u);
  assert.match(whatIsMissing({ master: 'n1', nodes: [n1, n2] }, 3, 1), /2 of 3/u);
  assert.match(
    whatIsMissing({ master: 'n1', nodes: [n1, { ...n2, synchronous: false }] }, 2, 1),
    /synchronous/u,
  );
  const late = { ...n2, streaming: false, because: 'copying' };
  assert.equal(whatIsMissing({ master: 'n1', nodes: [n1, late] }, 2, 1), 'n2: copying');
});
