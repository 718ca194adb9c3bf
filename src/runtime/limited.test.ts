import assert from 'node:assert/strict';
import { it } from 'node:test';
import { limited } from './limited.ts';

it('runs no more than it may at a time, in the order they came, and refuses when too many wait', async () => {
  const run = limited(2, 2, () => new Error('full'));
  const begun: number[] = [];
  const ends = [1, 2, 3, 4].map(() => Promise.withResolvers<void>());
  const works = ends.map(({ promise }, index) =>
    run(async () => {
      begun.push(index);
      await promise;
      if (index === 0) throw new Error('failed');
    }),
  );
  await assert.rejects(
    run(async () => undefined),
    /full/,
  );
  assert.deepEqual(begun, [0, 1]);
  ends[0]?.resolve();
  await assert.rejects(works[0] ?? Promise.resolve(), /failed/);
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { resolve } of ends) resolve();
  await Promise.all(works.slice(1));
  await run(async () => begun.push(9));
  assert.deepEqual(begun, [0, 1, 2, 3, 9]);
});
