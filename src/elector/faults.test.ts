import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runFaults } from './testing/faults/faults.ts';

// 200 faults, and a seed of one's own: npm run elect:faults
const faults = 20;

test(`five contenders live through ${faults} random faults, one leader at a time`, {
  timeout: 600_000,
}, async (t) => {
  const report = await runFaults({
    seed: 20_261_122,
    faults,
    // What is promised is that somebody leads again; how soon is measured on a machine that does nothing else.
    slackMs: 10_000,
    tell: (line) => t.diagnostic(line),
  });
  assert.deepEqual(report.broken, []);
  // A run in which nothing happened would prove nothing.
  assert.ok(report.leaders > 4, `${report.leaders} leaders`);
  // A leader acts all the time, as often as the machine lets it.
  assert.ok(report.acts > 200, `${report.acts} acts`);
});
