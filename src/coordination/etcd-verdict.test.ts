import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from './etcd-verdict.ts';

const answer = (status: number, body: unknown) =>
  ({ kind: 'answer', status, body: JSON.stringify(body) }) as const;

describe('judging what came back', () => {
  it('calls refused only what etcd refuses before it proposes anything', () => {
    const noLeader = 'etcdserver: no leader';
    // The shapes of 3.4 and 3.5, and of 3.6.
    for (const body of [
      { error: noLeader, message: noLeader, code: 14 },
      { code: 14, message: noLeader, details: [] },
    ]) {
      assert.deepEqual(judge(answer(503, body)), { kind: 'refused', because: noLeader });
    }
    const kind = judge({ kind: 'not_sent', because: 'ECONNREFUSED' }).kind;
    assert.equal(kind, 'refused');
  });

  it('calls unanswered what may have been proposed, and whatever it does not know', () => {
    for (const message of [
      'etcdserver: request timed out',
      'etcdserver: request timed out, possibly due to previous leader failure',
      'etcdserver: leader changed',
      'etcdserver: server stopped',
      'transport is closing',
      'a sentence of a later version',
    ]) {
      assert.equal(judge(answer(503, { message, code: 14 })).kind, 'unanswered', message);
    }
    assert.equal(judge({ kind: 'answer', status: 200, body: '<html>' }).kind, 'unanswered');
    assert.equal(judge({ kind: 'answer', status: 200, body: '{"header":' }).kind, 'unanswered');
    assert.equal(judge(answer(500, {})).kind, 'unanswered');
  });

  it('calls rejected what etcd says no to for certain', () => {
    const message = 'etcdserver: requested lease not found';
    assert.deepEqual(judge(answer(404, { message, code: 5 })), { kind: 'rejected', because: message });
    assert.equal(judge(answer(503, { message: 'etcdserver: unhealthy cluster', code: 14 })).kind, 'rejected');
    assert.equal(judge({ kind: 'answer', status: 404, body: 'Not Found\n' }).kind, 'rejected');
  });
});
