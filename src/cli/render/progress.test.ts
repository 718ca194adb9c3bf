import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressText } from './progress.ts';

test('progress says how much there is, how fast it goes, and how long it takes', () => {
  assert.equal(progressText(12_000, 30_000, 30_000), '12,000 of 30,000 accounts, 400/s, 45 s left');
  assert.equal(progressText(3, 1_000_000, 2000), '3 of 1,000,000 accounts, 1.5/s, 185.2 h left');
  assert.equal(progressText(100, 1000, 30_000), '100 of 1,000 accounts, 3.3/s, 5 min left');
  assert.equal(progressText(0, 10, 0), '0 of 10 accounts, 0.0/s');
});
