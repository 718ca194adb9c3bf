import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { Supervised } from './supervised.ts';

async function supervise(t: TestContext, argv: readonly string[], respawnMs: number | null) {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-supervised-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const log = join(dir, 'log');
  let wake = (): void => undefined;
  const supervised = new Supervised({ name: 'it', argv, log, respawnMs, onChange: () => wake() });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { supervised, log, until };
}

test('a dead process is started again, in a group of its own', async (t) => {
  const { supervised, until } = await supervise(t, ['sleep', '60'], 1);
  await supervised.start();
  const first = supervised.known?.pid ?? 0;
  process.kill(-first, 'SIGKILL');
  await until(() => supervised.isAlive && supervised.known?.pid !== first);
  supervised.release();
  process.kill(-(supervised.known?.pid ?? 0), 'SIGKILL');
  await until(() => !supervised.isAlive);
});

test('a machine that is gone stays gone', async (t) => {
  const { supervised, until, log } = await supervise(t, ['sh', '-c', 'echo said'], null);
  await supervised.start();
  await until(() => !supervised.isAlive);
  assert.equal(await readFile(log, 'utf8'), 'said\n');
  assert.ok(supervised.known);
});

test('a program that is not there is a Problem', async (t) => {
  const { supervised } = await supervise(t, ['/nonexistent/program'], 1);
  await assert.rejects(supervised.start(), (error) => isProblem(error, 'missing_binary'));
});
