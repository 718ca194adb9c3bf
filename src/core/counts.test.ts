import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countOf, plural } from './counts.ts';

test('thousands are set apart', () => {
  assert.deepEqual([0, 999, 1000, 1_234_567].map(countOf), ['0', '999', '1,000', '1,234,567']);
});

test('one thing has another word than many', () => {
  const told = [plural(1, 'safe'), plural(0, 'safe'), plural(2000, 'safe'), plural(2, 'entry', 'entries')];
  assert.deepEqual(told, ['1 safe', '0 safes', '2,000 safes', '2 entries']);
});
