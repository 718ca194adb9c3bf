import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFlowing, longestPause } from './pauses.ts';

test('a pause counts from the acknowledgement before the fault to the first after it', () => {
  assert.equal(longestPause([100, 10, 1200, 1210], 150), 1100);
});

test('a longer pause that was over before the fault does not count', () => {
  assert.equal(longestPause([0, 5000, 5010, 5900], 5005), 890);
});

test('a later pause counts when it is the longest', () => {
  assert.equal(longestPause([0, 10, 20, 320, 20_320, 20_330], 15), 20_000);
});

test('there is no figure while nothing was acknowledged after the fault', () => {
  assert.equal(longestPause([0, 10], 15), null);
  assert.equal(longestPause([], 15), null);
});

test('writes flow only when the whole window is filled', () => {
  const steady = Array.from({ length: 31 }, (_, at) => at * 100);
  assert.equal(isFlowing(steady, 3050, 3000, 500), true);
  assert.equal(isFlowing(steady, 3700, 3000, 500), false, 'the last one is too long ago');
  assert.equal(isFlowing(steady.slice(10), 3050, 3000, 500), false, 'they have just begun');
  assert.equal(
    isFlowing(
      steady.filter((end) => end < 1000 || end > 1700),
      3050,
      3000,
      500,
    ),
    false,
    'there is a hole',
  );
  assert.equal(isFlowing([], 3050, 3000, 500), false);
});
