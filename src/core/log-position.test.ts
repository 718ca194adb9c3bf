import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLogPosition, laterPosition, parseLogPosition } from './log-position.ts';

test('positions are read and written, and nothing else is one', () => {
  const position = parseLogPosition('3-16/B374D848');
  assert.deepEqual(position, { timeline: 3, lsn: 0x16b374d848n });
  assert.ok(position !== null);
  assert.equal(formatLogPosition(position), '3-16/B374D848');
  for (const text of ['', '3', '16/B374D848', '3-', '-1-0/1', '3-0/1 ', '3-0/123456789', 'x-0/1']) {
    assert.equal(parseLogPosition(text), null, text);
  }
});

test('the later of two positions counts, whatever the order they are told in', () => {
  const [early, late, newer] = ['2-0/10', '2-0/20', '3-0/18'].map((text) => parseLogPosition(text));
  assert.ok(early !== undefined && late !== undefined && newer !== undefined);
  assert.equal(laterPosition(early, late), late);
  assert.equal(laterPosition(late, early), late);
  assert.equal(laterPosition(late, newer), newer);
  assert.equal(laterPosition(null, early), early);
  assert.equal(laterPosition(early, null), early);
  assert.equal(laterPosition(null, null), null);
});
