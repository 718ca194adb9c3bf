import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareSeconds, moment, plainLine, seconds } from './figures.ts';

test('seconds have about three figures, and a dash where nothing was seen', () => {
  const told = [0, 4, 942, 9994, 9996, 12_340, 99_949, 99_960, 140_400, -5000, -1, null, Number.NaN].map(
    bareSeconds,
  );
  const wanted = [
    '0.00',
    '0.00',
    '0.94',
    '9.99',
    '10.0',
    '12.3',
    '99.9',
    '100',
    '140',
    '−5.00',
    '0.00',
    '–',
    '–',
  ];
  assert.deepEqual(told, wanted);
  assert.equal(seconds(942), '0.94 s');
  assert.equal(seconds(null), '–');
});

test('a moment says on which side of the fault it lies', () => {
  assert.deepEqual([1200, -5000].map(moment), ['+1.20 s', '−5.00 s']);
});

test('text that could move a cursor or turn a line round is shown as its code', () => {
  assert.equal(plainLine('a\u001b[2Jb\u202ec\nd é 名'), 'a\\u{1b}[2Jb\\u{202e}c\\u{a}d é 名');
});
