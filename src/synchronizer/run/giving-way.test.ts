import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type GivingWay, openGivingWay } from './giving-way.ts';

const leaseMs = 10_000;

/** A term of passes that fail, one each second. @returns how long it lasted */
function failingTerm(way: GivingWay): number {
  way.termBegan();
  let nowMs = 7_000_000;
  while (!way.passEnded(false, nowMs)) nowMs += 1000;
  return nowMs - 7_000_000;
}

it('a leader gives way after two leases of failed passes, and twice as late each time, up to a bound', () => {
  const way = openGivingWay(leaseMs);
  const lasted = Array.from({ length: 8 }, () => failingTerm(way) / leaseMs);
  assert.deepEqual(lasted, [2, 4, 8, 16, 32, 64, 64, 64]);
  assert.equal(way.passEnded(true, 0), false);
  assert.equal(failingTerm(way), 2 * leaseMs);
});

it('two failures are too few, however far apart, and a good pass between them ends the row', () => {
  const way = openGivingWay(leaseMs);
  way.termBegan();
  const ends = [false, false, true, false, false].map((isGood, at) => way.passEnded(isGood, at * 300_000));
  assert.deepEqual(ends, [false, false, false, false, false]);
  assert.equal(way.passEnded(false, 5 * 300_000), true);
});

it('what failed in a term before does not count', () => {
  const way = openGivingWay(leaseMs);
  for (let term = 0; term < 3; term += 1) {
    way.termBegan();
    assert.equal(way.passEnded(false, 0), false);
    assert.equal(way.passEnded(false, 10 * leaseMs), false);
  }
});
