import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstWithin, type LocalRow } from './courier-step.ts';

describe('what goes in one push', () => {
  const rows = [5, 5, 20, 1].map(
    (length, index): LocalRow => ({
      id: BigInt(index + 1),
      chain: 1,
      seq: index + 1,
      hash: '',
      json: 'x'.repeat(length),
    }),
  );

  it('ends before the record with which it would be too large, and has one at least', () => {
    const lengths = [100, 31, 30, 10, 9, 1].map((characters) => firstWithin(rows, characters).length);
    assert.deepEqual(lengths, [4, 4, 3, 2, 1, 1]);
    assert.equal(firstWithin(rows.slice(2), 10).length, 1);
    assert.deepEqual(firstWithin([], 10), []);
  });
});
