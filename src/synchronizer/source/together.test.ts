import assert from 'node:assert/strict';
import { test } from 'node:test';
import { together } from './together.ts';

const never = new AbortController().signal;

test('what is asked for comes in its order', async () => {
  const slow = Promise.withResolvers<string>();
  const both = together(never, [
    () => slow.promise,
    async () => {
      slow.resolve('first');
      return 'second';
    },
  ]);
  assert.deepEqual(await both, ['first', 'second']);
});

test('whichever of them is begun first, the answers keep their order', async () => {
  for (const first of [0, 1, 3]) {
    const begun: number[] = [];
    const pieces = [0, 1, 2, 3].map((at) => async () => {
      begun.push(at);
      return at;
    });
    assert.deepEqual(await together(never, pieces, first), [0, 1, 2, 3]);
    assert.deepEqual([begun[0], begun.at(-1)], [first, (first + 3) % 4]);
  }
});

test('the first failure stops the others, and is told when they have ended', async () => {
  const begun = Promise.withResolvers<void>();
  let ended = false;
  const patient = async (signal: AbortSignal): Promise<void> => {
    const stopped = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => stopped.resolve());
    begun.resolve();
    await stopped.promise;
    await Promise.resolve();
    ended = true;
    throw new Error('told to stop');
  };
  const failing = async (): Promise<void> => {
    await begun.promise;
    throw new Error('the cause');
  };
  await assert.rejects(together(never, [patient, failing]), /the cause/u);
  assert.ok(ended);
});
