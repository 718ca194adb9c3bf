import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareLsn, formatLsn, furthest, parseLsn } from './lsn.ts';

test('reads and prints positions above 4 GiB without loss', () => {
  for (const text of ['0/0', '0/3000060', '16/B374D848', 'FFFFFFFF/FFFFFFFF']) {
    const lsn = parseLsn(text);
    assert.notEqual(lsn, null);
    assert.equal(formatLsn(lsn ?? 0n), text);
  }
  assert.equal(parseLsn('1/0'), 4294967296n);
});

test('refuses what is no position', () => {
  for (const text of ['', '0', '0/', '/0', '0/G', '0/123456789', ' 0/1', '0/1\n']) {
    assert.equal(parseLsn(text), null, JSON.stringify(text));
  }
});

test('orders by bytes, not by text', () => {
  const positions = ['9/0', '10/0', '0/FF'].map((text) => parseLsn(text) ?? 0n);
  assert.deepEqual(positions.sort(compareLsn).map(formatLsn), ['0/FF', '9/0', '10/0']);
  assert.equal(furthest(null, 1n, 5n, null, 3n), 5n);
  assert.equal(furthest(null), null);
});
