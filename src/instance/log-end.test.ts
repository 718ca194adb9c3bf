import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { formatLsn, parseLsn } from '../core/lsn.ts';
import { initialise } from './initialise.ts';
import { readLogEnd } from './log-end.ts';
import { promote } from './promote.ts';
import type { InstanceSettings } from './settings.ts';
import { startInstance } from './start.ts';
import { setSynchronousNames } from './synchronous.ts';
import { type Lab, openLab, sql } from './testing/lab.ts';

let lab: Lab;
let settings: InstanceSettings;
before(async () => {
  lab = await openLab();
  settings = await lab.node('n1');
  await initialise(settings, { timeoutMs: 60_000 });
});
after(() => lab.close());

/** Starts it, has it write, and kills it; where its log ended then. */
async function killedAfterWriting(table: string, role: 'primary' | 'promoted'): Promise<bigint> {
  const running = await startInstance(settings, {
    role:
      role === 'primary'
        ? { kind: 'primary', synchronousNames: [] }
        : { kind: 'standby', upstream: null, slotName: null },
  });
  assert.equal(await running.ready({ timeoutMs: 10_000 }), true);
  if (role === 'promoted') {
    await setSynchronousNames(running, [], { timeoutMs: 5000 });
    await promote(running, { timeoutMs: 10_000 });
  }
  await sql(running, `CREATE TABLE ${table} AS SELECT generate_series(1, 1000) AS n`);
  const [row] = await sql(running, 'SELECT pg_current_wal_flush_lsn()::text AS lsn');
  await running.killAll({ timeoutMs: 5000 });
  return parseLsn(String(row?.['lsn'])) ?? 0n;
}

test('the end of the log of a killed instance is read from the log itself, far beyond its last checkpoint', async () => {
  const lsn = await killedAfterWriting('first', 'primary');
  const end = await readLogEnd(settings);
  assert.equal(end.exact, true);
  assert.ok(end.lsn >= lsn, `${formatLsn(end.lsn)} is before ${formatLsn(lsn)}`);
  assert.ok(end.lsn < lsn + 65_536n, 'nothing that was never written');
  assert.equal(end.timeline, 1);
});

test('the log is followed onto the timeline that it went over to', async () => {
  const lsn = await killedAfterWriting('second', 'promoted');
  const end = await readLogEnd(settings);
  assert.ok(end.exact && end.lsn >= lsn && end.lsn < lsn + 65_536n, formatLsn(end.lsn));
  assert.equal(end.timeline, 2);
});
