import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from './retry-after.ts';

const nowMs = Date.parse('2026-01-02T03:04:05Z');

test('seconds and instants are understood, by the clock of the server', () => {
  assert.equal(retryAfterMs('120', nowMs), 120_000);
  assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:05:05 GMT', nowMs), 60_000);
});

test('what has passed, or is neither, asks for nothing', () => {
  for (const header of [null, '', '0', '-5', 'soon', 'Fri, 02 Jan 2026 03:04:04 GMT'])
    assert.equal(retryAfterMs(header, nowMs), 0);
});
