import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusOfError } from '../state/status.ts';
import { openMetrics } from './metrics.ts';
import { openReport } from './report.ts';

async function bodyOf(succeededAt: string | null): Promise<string> {
  const known =
    succeededAt === null
      ? null
      : { ...statusOfError('no', null, null, '2026-01-01T00:00:00.000Z'), succeededAt };
  let now = 0;
  const report = openReport({
    now: () => now,
    standing: () => ({ role: 'standby', leaseLeftMs: null, leader: null }),
    pause: () => null,
    known,
  });
  const metrics = await openMetrics({
    report,
    health: () => ({ healthy: false, reason: null }),
    now: () => now,
  });
  now = 7000;
  return (await metrics()).body;
}

test('what is not known is left out, and what was known before the start is told', async () => {
  const none = await bodyOf(null);
  assert.doesNotMatch(none, /^holdfast_sync_last_(success|pass)_timestamp_seconds /mu);
  assert.match(none, /^holdfast_sync_leaderless_seconds 7$/mu);
  assert.match(none, /^holdfast_sync_healthy 0$/mu);
  const known = await bodyOf('2026-01-01T00:00:00.000Z');
  assert.match(known, /^holdfast_sync_last_success_timestamp_seconds 1767225600$/mu);
});
