import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ElectionAction } from './action.ts';
import { authorityUntilMs } from './authority.ts';
import type { SeenLock } from './backend.ts';
import type { ElectionEvent } from './event.ts';
import { fencingToken } from './fencing-token.ts';
import { type ElectionState, initialState } from './state.ts';
import { electionRules, step } from './step.ts';
import { electionTiming, renewalBoundMs, watchMs } from './timing.ts';

const ttlMs = 15_000;
const timing = electionTiming(ttlMs, 10_000);

type Timeless<T> = T extends unknown ? Omit<T, 'nowMs'> : never;

/** A contender whose events are told one by one. */
class Told {
  state: ElectionState = initialState(0);
  actions: readonly ElectionAction[] = [];
  because: readonly string[] = [];
  wakeAtMs = 0;

  at(nowMs: number, event: Timeless<ElectionEvent>): this {
    const { state, actions, because, wakeAtMs } = step(this.state, { ...event, nowMs }, timing);
    Object.assign(this, { state, actions, because, wakeAtMs });
    return this;
  }

  kinds(): readonly string[] {
    return this.actions.map(({ kind }) => kind);
  }

  sees(nowMs: number, lock: Partial<SeenLock>, sentAtMs = nowMs): this {
    const call = this.state.lockCall?.id ?? -1;
    const whole = { holder: null, token: fencingToken(5, 1), isUnsettled: false, cursor: '7', ...lock };
    return this.at(nowMs, { kind: 'lockSeen', call, lock: whole, sentAtMs });
  }
}

function opened(): Told {
  return new Told()
    .at(0, { kind: 'tick' })
    .at(10, { kind: 'opened', session: { id: 'mine', ttlMs }, sentAtMs: 1 });
}

function leading(): Told {
  const told = opened()
    .sees(20, {})
    .sees(30, { holder: 'mine', token: fencingToken(5, 2), cursor: '8' }, 25);
  assert.equal(told.state.office.kind, 'leading');
  return told;
}

describe('a contender', () => {
  it('opens a session, looks at the lock, takes it when it is free, and leads', () => {
    const told = new Told().at(0, { kind: 'tick' });
    assert.deepEqual(told.kinds(), ['open']);
    told.at(10, { kind: 'opened', session: { id: 'mine', ttlMs }, sentAtMs: 1 });
    assert.deepEqual(told.kinds(), ['watch']);
    told.sees(20, {});
    assert.deepEqual(told.kinds(), ['acquire']);
    told.sees(30, { holder: 'mine', cursor: '8' }, 25);
    assert.deepEqual(told.kinds(), ['lead', 'watch']);
  });

  it('has authority from the older proof: its session, not the lock that it took later', () => {
    assert.equal(authorityUntilMs(leading().state, timing), 1 + ttlMs - timing.marginMs);
  });

  it('waits while somebody else holds the lock, and takes it when it becomes free', () => {
    const told = opened().sees(20, { holder: 'other' });
    assert.deepEqual(told.kinds(), ['watch']);
    assert.deepEqual(told.sees(5000, {}).kinds(), ['acquire']);
  });

  it('asks again after a while for a lock that stays free though it asked: a lock-delay', () => {
    const told = opened().sees(20, {}).sees(25, {});
    assert.deepEqual(told.kinds(), ['watch']);
    assert.deepEqual(told.at(25 + timing.retryMs, { kind: 'tick' }).kinds(), ['acquire']);
  });

  it('does not listen to answers that it gave up', () => {
    const told = opened();
    const late = told.state.lockCall?.id ?? -1;
    told.sees(20, {});
    const lock = { holder: 'other', token: fencingToken(5, 2), isUnsettled: false, cursor: '8' };
    told.at(21, { kind: 'lockSeen', call: late, lock, sentAtMs: 11 });
    assert.equal(told.state.lockCall?.kind, 'acquire');
    assert.equal(told.state.lock?.holder, null);
  });

  it('opens another session at once when its own has ended', () => {
    const told = opened().sees(20, { holder: 'other' }).at(5000, { kind: 'gone', sessionId: 'mine' });
    assert.deepEqual(told.kinds(), ['open']);
  });

  it('pauses before it opens another when its own was gone as soon as it was opened', () => {
    const told = opened().sees(20, {}).at(30, { kind: 'gone', sessionId: 'mine' });
    assert.deepEqual(told.kinds(), []);
    assert.equal(told.wakeAtMs, 10 + timing.retryMs);
    assert.deepEqual(told.at(told.wakeAtMs, { kind: 'tick' }).kinds(), ['open']);
  });
});

describe('a lock that was never held', () => {
  const unsettled = { token: fencingToken(9, 0), isUnsettled: true, cursor: '9' };

  it('is taken after a TTL: until then somebody may still believe to lead', () => {
    const told = opened().sees(20, unsettled);
    assert.deepEqual(told.kinds(), ['watch']);
    assert.deepEqual(told.at(19 + ttlMs, { kind: 'tick' }).kinds(), ['renew']);
    assert.deepEqual(told.at(20 + ttlMs, { kind: 'tick' }).kinds(), ['acquire']);
  });

  it('is waited for anew when it was deleted and made again', () => {
    const told = opened().sees(20, unsettled);
    told.sees(5000, { ...unsettled, token: fencingToken(12, 0), cursor: '12' });
    told.at(20 + ttlMs, { kind: 'tick' });
    assert.ok(!told.kinds().includes('acquire'));
    assert.deepEqual(told.at(5000 + ttlMs, { kind: 'tick' }).kinds(), ['acquire']);
  });

  it('is taken at once, and by a new token, by the leader whose lock was deleted', () => {
    const told = leading().sees(40, unsettled);
    assert.deepEqual(told.kinds(), ['depose', 'renew', 'watch']);
    assert.deepEqual(told.because[0], 'leads no more: the lock was deleted');
    assert.deepEqual(told.at(50, { kind: 'deposed' }).kinds(), ['acquire']);
  });
});

describe('a leader', () => {
  it('renews when it is time, and soon again when that fails', () => {
    const told = leading().at(10_001, { kind: 'tick' });
    assert.deepEqual(told.kinds(), ['renew']);
    told.at(12_000, { kind: 'sessionCallFailed', call: 'renew', retryInMs: null });
    assert.equal(told.wakeAtMs, 12_000 + timing.retryMs);
    assert.deepEqual(told.at(told.wakeAtMs, { kind: 'tick' }).kinds(), ['renew']);
  });

  it('leads as long after the moment a renewal was sent as the TTL says, without the margin', () => {
    const told = leading().at(10_001, { kind: 'tick' });
    told.at(11_500, { kind: 'renewed', sessionId: 'mine', sentAtMs: 10_001 });
    told.sees(11_600, { holder: 'mine', token: fencingToken(5, 2), cursor: '8' }, 11_000);
    assert.equal(authorityUntilMs(told.state, timing), 10_001 + ttlMs - timing.marginMs);
  });

  it('is deposed before its session can end when nothing is confirmed', () => {
    const told = leading();
    const until = authorityUntilMs(told.state, timing) ?? Number.NaN;
    assert.ok(
      !told
        .at(until - 1, { kind: 'tick' })
        .kinds()
        .includes('depose'),
    );
    assert.ok(told.at(until, { kind: 'tick' }).kinds().includes('depose'));
    assert.ok(until < 1 + ttlMs);
  });

  it('is deposed although its renewals succeed when the lock is not seen any more', () => {
    const told = leading();
    for (const nowMs of [5000, 9000, 13_000]) {
      told.at(nowMs, { kind: 'renewed', sessionId: 'mine', sentAtMs: nowMs });
    }
    const until = 25 + ttlMs - timing.marginMs;
    assert.equal(authorityUntilMs(told.state, timing), until);
    assert.ok(told.at(until, { kind: 'tick' }).kinds().includes('depose'));
  });

  for (const [name, lock, because] of [
    ['deleted', { isUnsettled: true, token: fencingToken(9, 0), cursor: '9' }, 'the lock was deleted'],
    [
      'locked by a stranger',
      { holder: 'stranger', token: fencingToken(9, 1), cursor: '10' },
      'somebody else holds the lock',
    ],
    [
      'released by a stranger',
      { token: fencingToken(5, 2), cursor: '10' },
      'the lock was released by somebody else',
    ],
  ] as const) {
    it(`is deposed at once when its lock is ${name}`, () => {
      const told = leading().sees(40, lock);
      assert.equal(told.actions[0]?.kind, 'depose');
      assert.equal(told.because[0], `leads no more: ${because}`);
    });
  }

  it('goes on leading when the value of its lock was overwritten', () => {
    const told = leading().sees(40, { holder: 'mine', token: fencingToken(5, 2), cursor: '99' });
    assert.deepEqual(told.kinds(), ['watch']);
  });

  it('asked to stop, tells its task, then releases, then ends its session, then is done', () => {
    const told = leading().at(40, { kind: 'stop' });
    assert.deepEqual(told.kinds(), ['depose']);
    assert.deepEqual(told.at(50, { kind: 'deposed' }).kinds(), ['release']);
    assert.deepEqual(told.at(60, { kind: 'released', call: told.state.lockCall?.id ?? -1 }).kinds(), [
      'close',
    ]);
    assert.deepEqual(told.at(70, { kind: 'closed' }).kinds(), ['finish']);
    assert.ok(told.state.isDone);
  });

  it('is done in time although the store does not answer', () => {
    const told = leading().at(40, { kind: 'stop' }).at(50, { kind: 'deposed' });
    told.at(40 + timing.stopMs, { kind: 'tick' });
    assert.deepEqual(told.kinds(), ['finish']);
  });

  it('asked to step down, leaves the lock to others for a while', () => {
    const told = leading().at(40, { kind: 'stepDown' }).at(50, { kind: 'deposed' });
    assert.deepEqual(told.kinds(), ['release']);
    told.at(60, { kind: 'released', call: told.state.lockCall?.id ?? -1 });
    assert.deepEqual(told.sees(70, {}).kinds(), ['watch']);
    assert.ok(
      told
        .at(60 + timing.standBackMs, { kind: 'tick' })
        .kinds()
        .includes('acquire'),
    );
  });

  it('gives leadership up while its task is sick, and may lead again afterwards', () => {
    const told = leading().at(40, { kind: 'fitness', unfitBecause: 'its check fails' });
    assert.deepEqual(told.kinds(), ['depose']);
    told.at(50, { kind: 'deposed' }).at(60, { kind: 'released', call: told.state.lockCall?.id ?? -1 });
    assert.deepEqual(told.sees(70, {}).kinds(), ['watch']);
    assert.ok(told.at(80, { kind: 'fitness', unfitBecause: null }).kinds().includes('acquire'));
  });

  it('never leads again by a session whose release was not answered', () => {
    const told = leading().at(40, { kind: 'stepDown' }).at(50, { kind: 'deposed' });
    told.at(60, { kind: 'lockCallFailed', call: told.state.lockCall?.id ?? -1 });
    assert.deepEqual(told.kinds(), ['close']);
  });
});

describe('the durations', () => {
  it('let two looks at the lock fit into the authority of a leader', () => {
    for (const ttl of [1000, 2000, 15_000, 86_400_000]) {
      const each = electionTiming(ttl, ttl / 2);
      assert.ok((2 * 17 * watchMs(ttl, each, true)) / 16 < ttl - each.marginMs, String(ttl));
    }
  });

  it('refuse a renewal period that leaves no room, the time of the task included', () => {
    assert.equal(renewalBoundMs(15_000, electionTiming(15_000, 10_000)), null);
    assert.equal(renewalBoundMs(15_000, electionTiming(15_000, 15_000)), 13_800);
    assert.equal(renewalBoundMs(15_000, electionTiming(15_000, 10_000, 4000)), 9800);
  });
});

it('every rule has a name of its own', () => {
  const ids = electionRules.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});
