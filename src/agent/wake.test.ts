import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Wake } from './wake.ts';

describe('the bell of the loop', () => {
  it('ends a wait at once, whether it rang before or during it', async () => {
    const wake = new Wake();
    wake.ring();
    const begun = performance.now();
    await wake.wait(10_000);
    setImmediate(() => wake.ring());
    await wake.wait(10_000);
    assert.ok(performance.now() - begun < 5000);
  });

  it('lets a wait last its time when nobody rings', async () => {
    const begun = performance.now();
    await new Wake().wait(30);
    assert.ok(performance.now() - begun >= 25);
  });
});
