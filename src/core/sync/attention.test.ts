import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsAttention } from './attention.ts';
import type { Report } from './plan.ts';

const judged = (
  reports: readonly Report[],
  failures: readonly unknown[] = [],
  stopped: unknown = null,
): boolean => needsAttention({ reports, failures, stopped });

test('what was stopped, failed, or not read needs attention; what was done about it does not', () => {
  const identifier = 'corp/retail/Teams/db/password';
  const isDone: readonly Report[] = [
    { code: 'renamed', from: 'a', to: 'b' },
    { code: 'retained', identifier },
    { code: 'permits_lost', identifier, mended: true },
  ];
  assert.equal(judged(isDone), false);
  assert.equal(judged([...isDone, { code: 'permits_lost', identifier, mended: false }]), true);
  assert.equal(judged([{ code: 'source_failed', lob: 'retail', safe: 'Teams', fault: 'no.' }]), true);
  assert.equal(judged([{ code: 'variable_foreign', identifier }]), true);
  assert.equal(judged([], [{}]), true);
  assert.equal(judged([], [], { removals: 9 }), true);
});
