import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Instant } from './clock.ts';
import { type Freshness, hear, look, unknownFreshness } from './freshness.ts';
import type { LogPosition } from './log-position.ts';

const at = (ms: number): Instant => ({ mono: ms, boot: ms });
const position = (lsn: number, timeline = 1): LogPosition => ({ timeline, lsn: BigInt(lsn) });
const told = (known: Freshness, ms: number, lsn: number, timeline = 1): Freshness =>
  hear(known, { position: position(lsn, timeline), since: at(ms) });
const seen = (known: Freshness, lsn: number, timeline = 1): Freshness =>
  look(known, position(lsn, timeline), { replayAgeMs: null, now: at(0) });

describe('how new replayed data is', () => {
  it('is as new as the asking whose answer was replayed', () => {
    const known = seen(told(unknownFreshness, 1000, 50), 50);
    assert.deepEqual(known, { asOf: at(1000), ahead: [] });
    assert.deepEqual(seen(told(known, 2000, 50), 50).asOf, at(2000), 'a master at rest');
  });

  it('grows old when nothing is heard, however well all was replayed', () => {
    const known = seen(told(unknownFreshness, 1000, 50), 50);
    assert.deepEqual(seen(seen(known, 50), 90).asOf, at(1000));
  });

  it('is not new while it lacks what the master had then', () => {
    const behind = seen(told(told(unknownFreshness, 1000, 100), 2000, 200), 60);
    assert.equal(behind.asOf, null);
    const later = seen(told(behind, 3000, 400), 150);
    assert.deepEqual(later.asOf, at(1000));
    assert.deepEqual(seen(later, 400), { asOf: at(3000), ahead: [] });
  });

  it('is not new ahead of a master of a later timeline, and lets go of what was lost with an earlier one', () => {
    // It had received more than the next master, whose timeline begins at 100.
    const ahead = seen(told(unknownFreshness, 1000, 110, 2), 200, 1);
    assert.equal(ahead.asOf, null);
    assert.deepEqual(seen(ahead, 110, 2).asOf, at(1000), 'rewound');
    // The old master said 500; it died, and the next one went on from 450.
    const left = seen(told(told(unknownFreshness, 1000, 500, 1), 2000, 460, 2), 460, 2);
    assert.deepEqual(left, { asOf: at(2000), ahead: [] });
  });

  it('guesses by wall clocks after a start alone, and never from the future', () => {
    const guessed = (replayAgeMs: number, known = unknownFreshness): Freshness =>
      look(known, position(5), { replayAgeMs, now: at(10_000) });
    assert.deepEqual(guessed(4000).asOf, at(6000));
    assert.deepEqual(guessed(1, guessed(4000)).asOf, at(6000));
    assert.deepEqual(guessed(-3_600_000).asOf, at(10_000));
  });

  it('keeps a bounded number of news, and stays truthful', () => {
    let known = unknownFreshness;
    for (let second = 1; second <= 1000; second += 1) {
      known = seen(told(known, second * 1000, second), 0);
      assert.ok(known.ahead.length <= 100);
    }
    const { asOf } = seen(known, 500);
    assert.ok(asOf !== null && asOf.mono <= 500_000 && asOf.mono >= 450_000, String(asOf?.mono));
  });
});
