import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PassOutcome } from '../pass/outcome.ts';
import { statusOfError } from './status.ts';
import { quietOutcome } from '../testing/outcome.ts';

const outcome: PassOutcome = {
  ...quietOutcome,
  accounts: 20,
  unchanged: 5,
  written: ['a', 'b'],
  failures: [{ branch: 'corp/l/web', account: 'db', fault: 'the vault failed (500).' }],
  times: { listMs: 10, targetMs: 0, policiesMs: 0, valuesMs: 0, totalMs: 1500 },
};

test('a pass that ended early shows why, and what it had done by then', () => {
  const status = statusOfError('nobody is there.', outcome, null, '2026-01-01T00:00:00.000Z');
  assert.equal(status.error, 'nobody is there.');
  assert.deepEqual(
    [
      status.counts['accounts'],
      status.counts['unchanged'],
      status.counts['written'],
      status.counts['failed'],
    ],
    [20, 5, 2, 1],
  );
  assert.deepEqual(
    status.failures.map(({ branch, account, fault }) => ({ branch, account, fault })),
    outcome.failures,
  );
  assert.equal(status.seconds['total'], 1.5);
});

test('one that ended before it had begun shows why', () => {
  const status = statusOfError('nobody is there.', null, null, '2026-01-01T00:00:00.000Z');
  assert.deepEqual([status.error, status.mode, status.counts], ['nobody is there.', null, {}]);
});

test('what there was no room for is not counted again with each pass that ends early', () => {
  const failures = Array.from({ length: 10_050 }, (_, at) => ({
    branch: 'corp/l/web',
    account: `a${at}`,
    fault: 'the vault failed (500).',
  }));
  const ended = (before: Parameters<typeof statusOfError>[2]) =>
    statusOfError('nobody is there.', { ...outcome, failures }, before, '2026-01-01T00:00:00.000Z');
  assert.equal(ended(ended(ended(null))).unlisted, 50);
});
