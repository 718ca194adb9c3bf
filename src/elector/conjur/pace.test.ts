import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPace } from './pace.ts';

const leaseMs = 12_000;
const longest = (below: number): number => below - 1;

describe('the pace of a contender', () => {
  it('rests longer after each failed attempt, up to a third of a lease, and not at all once it has won', () => {
    const pace = createPace({ firstMs: 500, leaseMs, nowMs: () => 0 }, longest);
    const rests = [pace.notBeforeMs()];
    for (let each = 0; each < 5; each += 1) {
      pace.failed();
      rests.push(pace.notBeforeMs());
    }
    assert.deepEqual(rests, [500, 1500, 2500, 4500, 4500, 4500]);
    pace.won();
    assert.equal(pace.notBeforeMs(), 500);
  });

  it('gives others room for the loads that they need, as long as loads were seen to take', () => {
    const pace = createPace({ firstMs: 500, leaseMs, nowMs: () => 0 }, longest);
    assert.equal(pace.graceMs(), 1000);
    pace.loaded(1200);
    assert.equal(pace.graceMs(), 3600);
    pace.loaded(60_000);
    assert.equal(pace.graceMs(), leaseMs / 3);
    pace.failed();
    assert.equal(pace.notBeforeMs(), leaseMs / 3 + 500);
    for (let each = 0; each < 10; each += 1) pace.loaded(10);
    assert.equal(pace.graceMs(), 1000);
  });

  it('is none where the protocol has none', () => {
    const pace = createPace({ firstMs: 0, leaseMs, nowMs: () => 7 }, longest);
    pace.failed();
    assert.deepEqual([pace.notBeforeMs(), pace.graceMs()], [7, 0]);
  });
});
