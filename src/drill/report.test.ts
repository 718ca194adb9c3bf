import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { isDone, openReport, withRound, writeReport } from './report.ts';
import { sampleReport, sampleRound } from './testing/sample-report.ts';

const status = { nodes: [], ttlMs: 5000 };

async function directory(t: TestContext): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'hf-report-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  return made;
}

test('a round without effect comes again, and takes the place of the earlier try', () => {
  const idle = sampleRound({ fault: 'loss', round: 2, verdict: { tookEffect: false } });
  const other = sampleRound({ fault: 'loss', round: 1 });
  const before = sampleReport([other, idle]);
  assert.deepEqual(
    [1, 2, 3].map((round) => isDone(before, 'loss', round)),
    [true, false, false],
  );
  const entry = sampleRound({ fault: 'loss', round: 2 });
  const after = withRound(before, entry, new Date(0));
  assert.deepEqual(after.rounds, [other, entry]);
  assert.ok(isDone(after, 'loss', 2));
  assert.equal(after.endedAt, '1970-01-01T00:00:00.000Z');
});

test('what was found broken stands, also where the fault had no effect', () => {
  const broken = sampleRound({ fault: 'loss', verdict: { tookEffect: false, result: 'failed' } });
  assert.ok(isDone(sampleReport([broken]), 'loss', 1));
});

test('a drill goes on with its own report, and with that of no other seed', async (t) => {
  const dir = await directory(t);
  const facts = { directory: dir, seed: 7, product: '1', fillMb: 0 };
  const report = withRound(await openReport(facts, status), sampleRound(), new Date());
  await writeReport(dir, report);
  assert.deepEqual(await openReport(facts, status), report);
  const refused = (error: unknown): boolean => isProblem(error, 'directory_not_ours');
  await assert.rejects(openReport({ ...facts, seed: 8 }, status), refused);
  await writeFile(join(dir, 'report.json'), '{"format":1,');
  await assert.rejects(openReport(facts, status), refused);
});
