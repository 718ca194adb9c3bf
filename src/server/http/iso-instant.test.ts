import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoInstant, isoSeconds } from './iso-instant.ts';

test('reads dates, and times with and without an offset, as the same instant everywhere', () => {
  const same = [
    '2050-12-31',
    '2050-12-31T00:00Z',
    '2050-12-31T02:00:00+02:00',
    '2050-12-30T21:30:00.000-0230',
  ];
  for (const text of same) assert.equal(isoInstant(text)?.ms, Date.UTC(2050, 11, 31), text);
  assert.equal(isoInstant('2050-12-31T00:00:00.25Z')?.ms, Date.UTC(2050, 11, 31) + 250);
});

test('shows an instant with the offset it was written with', () => {
  assert.equal(isoInstant('2017-08-04T22:27:20+00:00')?.text, '2017-08-04T22:27:20+00:00');
  assert.equal(isoInstant('2017-08-04T22:27:20.5-0230')?.text, '2017-08-04T22:27:20-02:30');
  assert.equal(isoInstant('2017-08-04')?.text, '2017-08-04T00:00:00+00:00');
  assert.equal(isoSeconds(Date.UTC(2050, 11, 31) + 999), '2050-12-31T00:00:00Z');
});

test('reads nothing that is no instant', () => {
  const none = [
    '',
    'tomorrow',
    '2050-02-30',
    '2050-13-01',
    '2050-12-31T25:00',
    '2050-12-31T00:00:00+24:00',
    '12345',
  ];
  for (const text of none) assert.equal(isoInstant(text), null, text);
});
