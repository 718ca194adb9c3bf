import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServingState } from '../../core/serving.ts';
import { keepsWarm } from './keep-warm.ts';

const state = (role: ServingState['role']): ServingState => ({
  role,
  term: 1,
  writes: 'closed',
  authorityUntil: null,
  replicationOpen: false,
  successor: null,
  heir: null,
  handsOver: false,
  master: [],
  members: [],
  audit: { queued: null, isFull: false, forwards: {} },
  data: { asOf: null, timeline: null },
  because: 'a test',
  health: { ok: false, body: {} },
  sentAt: { mono: 0, boot: 0 },
  validForMs: 1000,
});

test('who may become master is kept warm, once in a while; who serves already is left alone', () => {
  let calls = 0;
  const keep = keepsWarm(async () => {
    calls += 1;
  });
  keep(state('master'));
  keep(state('follower'));
  assert.equal(calls, 0);
  keep(state('standby'));
  keep(state('starting'));
  assert.equal(calls, 1);
});

test('a database that does not answer is no fault', async () => {
  const keep = keepsWarm(() => Promise.reject(new Error('not there yet')));
  keep(state('standby'));
  await new Promise((resolve) => setImmediate(resolve)); // an unhandled rejection would end the test
});
