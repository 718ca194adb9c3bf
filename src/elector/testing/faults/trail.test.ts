import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Act, createTrail, type Trail } from './trail.ts';

type Line = readonly [task: string, token: string, lookedAtNs: number, clock?: 'slow'];

function trailOf(...lines: readonly Line[]): Trail {
  const trail = createTrail();
  for (const [task, token, lookedAtNs, clock] of lines)
    trail.add({ task, token, isSlow: clock === 'slow', lookedAtNs: BigInt(lookedAtNs) });
  return trail;
}

const looks = (acts: readonly Act[]): readonly bigint[] => acts.map(({ lookedAtNs }) => lookedAtNs);

describe('the trail of leaders', () => {
  test('has nothing to say about terms that follow one another', () => {
    const trail = trailOf(['a', '1', 10], ['a', '1', 15], ['b', '2', 20], ['c', '3', 30]);
    assert.deepEqual([trail.acts.length, trail.refused, trail.overlapping], [4, [], []]);
  });

  test('refuses who looked in time and acts after its successor, and finds no overlap in that', () => {
    const trail = trailOf(['a', '1', 10], ['a', '1', 15], ['b', '2', 30], ['a', '1', 20]);
    assert.deepEqual([looks(trail.refused), trail.overlapping], [[20n], []]);
  });

  test('sees who is told that it leads after its successor was', () => {
    const trail = trailOf(['a', '1', 10], ['b', '2', 30], ['a', '1', 31]);
    assert.deepEqual([looks(trail.refused), looks(trail.overlapping)], [[31n], [31n]]);
  });

  test('sees two that lead at once also where the acts came in order', () => {
    const trail = trailOf(['a', '1', 10], ['a', '1', 32], ['b', '2', 30], ['b', '2', 35]);
    assert.deepEqual([trail.refused, looks(trail.overlapping)], [[], [30n]]);
  });

  test('sees who led beside its successor also when that has one itself', () => {
    const trail = trailOf(['a', '1', 10], ['b', '2', 20], ['b', '2', 22], ['c', '3', 30], ['a', '1', 25]);
    assert.deepEqual([looks(trail.refused), looks(trail.overlapping)], [[25n], [25n]]);
  });

  test('compares nobody with a slow clock, which counts from somewhere else', () => {
    const trail = trailOf(['a', '1', 10], ['b', '2', 9000, 'slow'], ['c', '3', 30], ['b', '2', 9001, 'slow']);
    assert.deepEqual([looks(trail.refused), trail.overlapping], [[9001n], []]);
    trail.add({ task: 'a', token: '1', isSlow: false, lookedAtNs: 31n });
    assert.deepEqual(looks(trail.overlapping), [31n], 'those beside it are compared all the same');
  });
});
