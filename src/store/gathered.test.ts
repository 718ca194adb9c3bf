import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gathered } from './gathered.ts';

test('who asks at once shares a question, and who asks later never gets an older answer', async () => {
  const open: ((value: number) => void)[] = [];
  const ask = gathered(() => new Promise<number>((resolve) => open.push(resolve)));
  const first = [ask(), ask()];
  await Promise.resolve();
  assert.equal(open.length, 1);
  const later = [ask(), ask(), ask()];
  open[0]?.(1);
  assert.deepEqual(await Promise.all(first), [1, 1]);
  await Promise.resolve();
  assert.equal(open.length, 2);
  open[1]?.(2);
  assert.deepEqual(await Promise.all(later), [2, 2, 2]);
});

test('a question that fails is asked again for the next', async () => {
  let times = 0;
  const ask = gathered(async () => {
    times += 1;
    if (times === 1) throw new Error('lost');
    return times;
  });
  await assert.rejects(ask(), /lost/);
  assert.equal(await ask(), 2);
});
