import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isSpaceUsedUp } from './space.ts';

it('the space of a trail is used up at the limit, and has room again a tenth below it', () => {
  const rules = { maxBytes: 100, minFreeBytes: 50 };
  const seen = [99, 100, 95, 91, 90, 89, 99].reduce<readonly boolean[]>((states, usedBytes) => {
    return [...states, isSpaceUsedUp(states.at(-1) ?? false, { usedBytes, freeBytes: 1000 }, rules)];
  }, []);
  assert.deepEqual(seen, [false, true, true, true, true, false, false]);
});

it('the space of a trail is used up while the disk has less than is to stay free', () => {
  const rules = { maxBytes: null, minFreeBytes: 100 };
  const seen = [100, 99, 105, 111, 100].reduce<readonly boolean[]>((states, freeBytes) => {
    return [...states, isSpaceUsedUp(states.at(-1) ?? false, { usedBytes: 1, freeBytes }, rules)];
  }, []);
  assert.deepEqual(seen, [false, true, true, false, false]);
});
