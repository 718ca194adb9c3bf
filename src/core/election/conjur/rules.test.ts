import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isBusy, renewalVerdict, writeVerdict } from './answers.ts';
import { expirationText, readExpiration, tooFarAheadMs } from './expiration.ts';
import { deletionText, fencedText, publishedText } from './leader-texts.ts';
import { lockState, needsOlder } from './lock-state.ts';
import { serverNow, withAnswer } from './server-time.ts';
import { latestVersion, newSession, termOf, tokenOf, writerName } from './terms.ts';

const leaseMs = 30_000;
const nowSeconds = 1_700_000_000;
const nowMs = nowSeconds * 1000;
const now = { lowMs: nowMs, highMs: nowMs + 1000 };

describe('what an expiration means', () => {
  const cases: readonly (readonly [string | null, string])[] = [
    [null, 'none'],
    ['', 'unparsable'],
    ['soon', 'unparsable'],
    ['-5', 'unparsable'],
    ['1700000000.5', 'unparsable'],
    ['9'.repeat(13), 'unparsable'],
    ['0', 'past'],
    [String(nowSeconds), 'past'],
    [String(nowSeconds + 1), 'live'], // it may have passed: nobody knows, so it has not
    [` ${nowSeconds + 30}\n`, 'live'],
    [String(nowSeconds + 61), 'live'],
    [String(nowSeconds + 62), 'beyond'],
  ];
  for (const [text, kind] of cases)
    it(`${JSON.stringify(text)} is ${kind}`, () => {
      assert.equal(readExpiration(text, now, leaseMs).kind, kind);
    });

  it('one further ahead than the lease goes is told by how much, and what clocks may explain is not', () => {
    const ahead = (seconds: number): number | null =>
      tooFarAheadMs(String(nowSeconds + 1 + seconds), now, leaseMs);
    assert.deepEqual([0, 30, 32, 33, 61, 1000].map(ahead), [null, null, null, 33_000, 61_000, 1_000_000]);
    for (const text of [null, '0', 'soon', String(nowSeconds - 1)])
      assert.equal(tooFarAheadMs(text, now, leaseMs), null);
  });

  it('a leader writes one that nobody finds past before the lease less a second, however its clock is read', () => {
    for (let partMs = 0; partMs < 1000; partMs += 37) {
      for (const uncertainMs of [0, 10, 400, 1000]) {
        const trueMs = nowMs + partMs;
        const text = expirationText({ lowMs: trueMs - 500, highMs: trueMs + uncertainMs }, leaseMs);
        const atMs = Number(text) * 1000;
        assert.ok(atMs > trueMs + leaseMs - 1000, `${atMs}`);
        assert.ok(atMs <= trueMs + leaseMs + uncertainMs, `${atMs}`);
      }
    }
  });
});

describe('whether the lock is free', () => {
  const old = nowMs - leaseMs;
  const young = nowMs - leaseMs + 1;
  const ahead = String(nowSeconds + 20);
  const past = String(nowSeconds - 1);
  const firstOfYoung = String(Math.floor((young + leaseMs) / 1000));
  const free = { kind: 'free', isUnsettled: false };
  const unsettled = { kind: 'free', isUnsettled: true };
  const untilYoungEnds = { kind: 'held', untilMs: young + leaseMs, isProven: false };
  const cases: readonly (readonly [string, readonly string[], number | null, object])[] = [
    ['nobody has ever led', [], null, free],
    ['the host is gone, the lease has passed', [past], null, free],
    ['the host is gone, the lease has not passed', [ahead], null, unsettled],
    ['the host is gone, a stranger wrote', ['x'], null, unsettled],
    ['the lease lasts', [ahead], old, { kind: 'held', untilMs: (nowSeconds + 20) * 1000, isProven: true }],
    ['the lease has passed', [past], old, free],
    ['no lease was ever written', [], old, free],
    ['it was released', ['0'], old, free],
    ['a stranger wrote over the lease', ['x'], old, unsettled],
    ['a lease no leader wrote', [String(nowSeconds + 200)], old, unsettled],
    ['the winner has not written yet', [past], young, untilYoungEnds],
    ['the winner has not written yet, the one before released', ['0', past], young, untilYoungEnds],
    ['the winner has written, and released', ['0', firstOfYoung], young, free],
    ['the same, and a stranger wrote behind it', ['x', '0', firstOfYoung], young, unsettled],
    ['the same, and a stranger wrote between', ['0', 'x', firstOfYoung], young, free],
    ['a stranger wrote behind the winner', ['x', firstOfYoung], young, untilYoungEnds],
    ['the host is of a time far ahead', [past], nowMs + 5 * leaseMs, free],
  ];
  for (const [name, expirations, leaderMadeMs, state] of cases)
    it(name, () => {
      assert.deepEqual(lockState({ expirations, leaderMadeMs }, now, leaseMs), state);
    });

  it('older values are asked for when they can matter, and only then', () => {
    const needs = (newest: string | null, leaderMadeMs: number | null): boolean =>
      needsOlder({ expirations: newest === null ? [] : [newest], leaderMadeMs }, now, leaseMs);
    assert.deepEqual(
      [needs('0', young), needs('x', young), needs(past, young), needs(ahead, young), needs(null, young)],
      [true, true, false, false, false],
    );
    assert.deepEqual([needs('0', old), needs('0', null)], [false, false]);
  });
});

describe('the server’s time', () => {
  it('lies between bounds that hold it, and that answers narrow', () => {
    const offsetMs = 123_456_789_321;
    let known: ReturnType<typeof withAnswer> | null = null;
    for (let sentMs = 1000; sentMs < 20_000; sentMs += 777) {
      const dateMs = Math.floor((sentMs + 10 + offsetMs) / 1000) * 1000;
      known = withAnswer(known, { dateMs, sentMs, receivedMs: sentMs + 20 });
      const { lowMs, highMs } = serverNow(known, sentMs + 20);
      assert.ok(lowMs <= sentMs + 20 + offsetMs && highMs >= sentMs + 20 + offsetMs);
    }
    assert.ok(known !== null);
    const { lowMs, highMs } = serverNow(known, known.atMs);
    assert.ok(highMs - lowMs < 150, `${highMs - lowMs} ms`);
    const later = serverNow(known, known.atMs + 100_000);
    assert.ok(later.highMs - later.lowMs > highMs - lowMs, 'clocks drift apart while nobody asks');
  });

  it('of a clock that was set is what the last answer says', () => {
    const known = withAnswer(null, { dateMs: 5_000_000, sentMs: 0, receivedMs: 10 });
    const set = withAnswer(known, { dateMs: 9_000_000, sentMs: 100, receivedMs: 110 });
    assert.deepEqual(set, { lowMs: 9_000_000 - 110, highMs: 9_001_000 - 100, atMs: 110 });
  });
});

describe('terms', () => {
  const madeMs = 1_600_000_000_000;
  const load = (version: number, atMs: number, text: string) => ({ version, madeMs: atMs, text });
  const session = newSession((count) => 'a'.repeat(count));
  const writer = writerName(session, (count) => 'b'.repeat(count));
  const policy = {
    madeMs,
    loads: [
      load(1, 100, fencedText('one', 'writer-x')),
      load(2, 200, deletionText),
      load(3, 300, fencedText('two', writer)),
      load(4, 400, fencedText('loser', 'writer-y')),
    ],
  };

  it('the load of the same moment made the leader, with the session of its writer', () => {
    assert.deepEqual(termOf(policy, 300), { token: tokenOf(policy, 3), version: 3, session });
    assert.equal(termOf(policy, 100)?.session, null);
    assert.equal(termOf({ madeMs, loads: [] }, 300), null);
    assert.equal(latestVersion(policy), 4);
  });

  it('tokens grow with each load, and with each policy', () => {
    assert.ok(tokenOf(policy, 9) < tokenOf(policy, 10));
    assert.ok(tokenOf(policy, 10) < tokenOf({ madeMs: madeMs + 1, loads: [] }, 1));
  });
});

it('answers: what they say of a term', () => {
  assert.deepEqual([201, 401, 403, 404, 409, 503].map(renewalVerdict), [
    'renewed',
    'deposed',
    'deposed',
    'unclear',
    'unclear',
    'unclear',
  ]);
  assert.deepEqual([401, 403, 404, 422].map(writeVerdict), ['deposed', 'ask', 'ask', 'other']);
  assert.deepEqual([409, 201].map(isBusy), [true, false]);
});

it('the texts are those of the design note, and of the fence', () => {
  assert.equal(deletionText, '- !delete\n  record: !host current-leader\n');
  const published = '- !host\n  id: current-leader\n  annotations:\n    host: "a: \\"b\\" #"\n';
  assert.equal(publishedText('a: "b" #'), published);
  assert.equal(
    fencedText('a: "b" #', 'writer-1'),
    `${published}
- !host
  id: writer-1
  owner: !group /conjur/vault-synchronizer/fence
  annotations:
    authn/api-key: 'true'
- !permit
  role: !group /conjur/vault-synchronizer/members
  privileges: [ read, update ]
  resource: !host writer-1
- !grant
  role: !group writers
  member: !host writer-1
`,
  );
});
