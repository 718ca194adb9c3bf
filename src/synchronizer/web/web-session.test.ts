import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isProblem, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { signal } from '../testing/sources.ts';
import type { WebAnswer } from './web-api.ts';
import { openWebSession, type WebSession } from './web-session.ts';

interface Lab {
  readonly session: WebSession;
  /** Tokens of logons so far, those logged off, and those that each call was sent with. */
  readonly given: string[];
  readonly leftBehind: string[];
  readonly sent: string[];
  readonly good: Set<string>;
  nowMs: number;
  /** What a logon ends with instead. */
  fault: Problem | null;
}

const answer: WebAnswer = { status: 200, json: null, atMs: 0 };
const refused = new Problem('source_unauthenticated', 'Cannot do it: no (401).');
const request = { attempt: 'do it', method: 'GET', path: '/' } as const;

/** @param accepts whether a token that is good is accepted at all */
function lab(accepts: () => boolean = () => true): Lab {
  const given: string[] = [];
  const leftBehind: string[] = [];
  const sent: string[] = [];
  const good = new Set<string>();
  const session = openWebSession({
    logOn: async () => {
      given.push(`t${given.length + 1}`);
      if (the.fault !== null) throw the.fault;
      good.add(`t${given.length}`);
      return new Secret(`t${given.length}`);
    },
    logOff: async (token) => void leftBehind.push(token.reveal()),
    send: async (_request, token) => {
      sent.push(token.reveal());
      if (accepts() && good.has(token.reveal())) return answer;
      throw refused;
    },
    mayBeOver: (error) => isProblem(error, 'source_unauthenticated'),
    clock: () => the.nowMs,
  });
  const the: Lab = { session, given, leftBehind, sent, good, nowMs: 0, fault: null };
  return the;
}

const call = (the: Lab): Promise<WebAnswer> => the.session.call(request, signal);
const calls = async (the: Lab, count: number): Promise<number> => {
  const ends = await Promise.allSettled(Array.from({ length: count }, () => call(the)));
  return ends.filter(({ status }) => status === 'rejected').length;
};

describe('a session', () => {
  it('is begun once for many calls, and ended', async () => {
    const the = lab();
    assert.equal(await calls(the, 10), 0);
    await the.session.close();
    assert.deepEqual([the.given, the.leftBehind], [['t1'], ['t1']]);
  });

  it('that has run out is replaced, at once the first time, later only when it had the age', async () => {
    const the = lab();
    await call(the);
    the.good.clear();
    assert.equal(await calls(the, 10), 0);
    assert.deepEqual(the.given, ['t1', 't2']);
    the.good.clear();
    the.nowMs = 59_999;
    await assert.rejects(call(the), refused);
    the.nowMs = 60_000;
    await call(the);
    await the.session.close();
    assert.deepEqual(
      [the.given, the.leftBehind.sort()],
      [
        ['t1', 't2', 't3'],
        ['t1', 't2', 't3'],
      ],
    );
  });

  it('that refuses everything is replaced once, and then not asked any more', async () => {
    const the = lab(() => false);
    for (let at = 0; at < 40; at += 1) await assert.rejects(call(the));
    assert.deepEqual(the.given, ['t1', 't2']);
    assert.ok(the.sent.length <= 6, the.sent.join());
    await the.session.close();
    assert.deepEqual(the.leftBehind.sort(), ['t1', 't2']);
  });

  it('in which some calls are refused and others are not goes on with these', async () => {
    let at = 0;
    const the = lab(() => {
      at += 1;
      return at % 3 === 0;
    });
    for (let count = 0; count < 30; count += 1) await call(the).catch(() => undefined);
    assert.equal(the.given.length, 2);
    assert.ok(the.sent.length >= 30);
  });

  it('whose logon was refused is not begun again', async () => {
    const the = lab();
    the.fault = new Problem('source_unauthenticated', 'Cannot log on as u: no (401).');
    assert.equal(await calls(the, 10), 10);
    await assert.rejects(call(the), /log on as u/u);
    assert.deepEqual([the.given, the.sent], [['t1'], []]);
  });

  it('whose logon had no answer is begun again with the next call', async () => {
    const the = lab();
    the.fault = new Problem('source_unavailable', 'Cannot log on as u: nobody answers.');
    await assert.rejects(call(the), /nobody answers/u);
    the.fault = null;
    await call(the);
    assert.deepEqual(the.given, ['t1', 't2']);
  });

  it('goes on for the others when the call that began it is stopped', async () => {
    const logOn = Promise.withResolvers<Secret<string>>();
    const session = openWebSession({
      logOn: () => logOn.promise,
      logOff: async () => undefined,
      send: async () => answer,
      mayBeOver: () => false,
      clock: () => 0,
    });
    const stop = new AbortController();
    const stopped = session.call(request, stop.signal);
    const other = session.call(request, signal);
    stop.abort();
    await assert.rejects(stopped, (error) => isProblem(error, 'interrupted'));
    logOn.resolve(new Secret('t'));
    assert.equal(await other, answer);
  });
});
