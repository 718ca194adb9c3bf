import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepRun, openResults, type Run } from './results.ts';

const machine = { cores: 2, postgres: '15.18', etcd: '3.4.23', haproxy: '2.6.12' };
const run: Run = {
  ...{ contender: 'holdfast-5', event: 'agent', round: 1, at: '2026-01-01T00:00:00.000Z', pauseMs: 900 },
  ...{ acknowledged: 100, failed: 3, lost: 0, master: 'n1', masterAfter: 'n2' },
  ...{ etcdLeaderOnMaster: false, writableWithoutAgent: false },
};

test('an interrupted race finds its whole runs again, and no half one', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-race-results-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'results.jsonl');
  assert.deepEqual(await openResults(file, machine), []);
  await keepRun(file, run);
  appendFileSync(file, '{"contender":"holdf');
  assert.deepEqual(await openResults(file, machine), [run]);
  await keepRun(file, { ...run, round: 2 });
  assert.deepEqual(
    (await openResults(file, machine)).map(({ round }) => round),
    [1, 2],
    'a half line does not spoil the next one',
  );
  await assert.rejects(openResults(file, { ...machine, etcd: '3.5.0' }), /another machine/u);
});
