import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { ApiRefusal } from '../../client/refusal.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { Caller } from './caller.ts';
import { type Lease, openLease } from './lease.ts';
import { openedSession, type Session, type WriterOffice } from './session.ts';

const leaseMs = 10_000;
/** From then on others may find a lease passed: it was written in whole seconds. */
const passesMs = leaseMs - 1000;

describe('the lease of a leader', () => {
  let nowMs: number;
  /** What is done before a request is sent takes so long, as the fetching of a token. */
  let beforeSendMs: number;
  let status: number;
  let sent: string[];
  let session: Session;
  let office: WriterOffice;
  let lease: Lease;

  beforeEach(() => {
    nowMs = 1000;
    beforeSendMs = 0;
    status = 201;
    sent = [];
    session = openedSession('s', nowMs);
    const caller: Caller = {
      send: async (make) => {
        nowMs += beforeSendMs;
        sent.push(String(make().body));
        const answer = { status, header: () => null, bytes: new Uint8Array() };
        return {
          ...answer,
          refusal: () => new ApiRefusal('api_forbidden', 'refused.', answer, null),
        };
      },
    };
    office = { login: 'host/writer-1', apiKey: new Secret('k'), caller };
    session.office = office;
    const api = { account: 'a', nowMs: () => nowMs, readHeaders: {}, onDated: () => undefined };
    const serverTime = () => ({ lowMs: 0, highMs: 0, atMs: nowMs });
    lease = openLease({ api, leaseMs, signal: new AbortController().signal, serverTime });
  });

  const hasPassed = (error: unknown): boolean =>
    error instanceof Problem && isProblem(error, 'no_authority') && /has passed/u.test(error.detail);

  it('is written ahead of the moment of sending, and counts from there', async () => {
    beforeSendMs = passesMs - 1;
    assert.equal(await lease.renew(session, office), 'renewed');
    assert.deepEqual(sent, [String(Math.floor((nowMs + leaseMs) / 1000))]);
    assert.equal(session.provenMs, nowMs);
  });

  for (const write of ['renew', 'giveUp'] as const) {
    it(`is left alone when it passed before the send: ${write}`, async () => {
      beforeSendMs = passesMs;
      await assert.rejects(lease[write](session, office), hasPassed);
      assert.deepEqual(sent, [], 'it brought back, or gave up, what may be another’s');
      assert.equal(session.provenMs, 1000);
    });
  }

  for (const [answer, doubtMs] of [
    [502, leaseMs / 4],
    [504, leaseMs / 4],
    [500, 0],
  ] as const) {
    it(`may be written yet after ${answer}: the next write waits for ${doubtMs} ms`, async () => {
      status = answer;
      await assert.rejects(lease.renew(session, office), ApiRefusal);
      assert.deepEqual([session.doubtUntilMs - nowMs, session.hasEnded], [doubtMs, false]);
    });
  }

  for (const refused of [401, 403]) {
    it(`is over for good when its writer is refused: ${refused}`, async () => {
      status = refused;
      assert.equal(await lease.renew(session, office), 'gone');
      assert.deepEqual([session.hasEnded, session.office, lease.isAlive(session)], [true, null, false]);
      await assert.rejects(lease.renew(session, office), hasPassed);
      assert.equal(sent.length, 1);
    });
  }
});
