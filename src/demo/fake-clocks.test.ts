import assert from 'node:assert/strict';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { runCommandOk } from '../runtime/run-command.ts';
import { clearClocks, layClocks, withClock } from './fake-clocks.ts';
import { type DemoPlan, planDemo } from './plan.ts';

interface Laid {
  readonly plan: DemoPlan;
  readonly dir: string;
  readonly clock: string;
}

async function lay(t: TestContext): Promise<Laid> {
  const dir = await mkdtemp(join(tmpdir(), 'holdfast-clocks-'));
  await chmod(dir, 0o711);
  const shape = { port: 8400, ttlSeconds: 5, standbys: 0, followers: 0, subnet: null, diskMegabytes: null };
  const plan = planDemo(dir, { ...shape, fakeClocks: true });
  t.after(async () => {
    await clearClocks(plan);
    await rm(dir, { recursive: true });
  });
  await layClocks(plan);
  return { plan, dir, clock: plan.nodes[0]?.clock ?? '' };
}

async function printed(argv: readonly string[]): Promise<string> {
  return (await runCommandOk(argv, { timeoutMs: 10_000 })).stdout.trim();
}

const secondsAhead = (text: string): number => Math.round((Number(text) - Date.now()) / 1000);

/** The wall clock at the beginning and, once it has changed, how far the monotonic one went and a timer lasted. */
const lookTwice = `
const { renameSync, writeFileSync } = require('node:fs');
const [first, mono] = [Date.now(), performance.now()];
writeFileSync(process.argv[1] + '.new', '-3600s');
renameSync(process.argv[1] + '.new', process.argv[1]);
const look = setInterval(() => {
  if (Date.now() > first) return;
  clearInterval(look);
  const waited = performance.now();
  setTimeout(() => console.log(JSON.stringify([first, Date.now(), waited - mono, performance.now() - waited])), 100);
}, 20);`;

test('the wall clock of a program jumps while it runs, and its other clock and its timers do not', async (t) => {
  const { clock } = await lay(t);
  await writeFile(clock, '+3600s');
  const text = await printed([...withClock(clock), process.execPath, '-e', lookTwice, clock]);
  const [first = 0, second = 0, monoMs = 0, timerMs = 0]: readonly number[] = JSON.parse(text);
  assert.ok(Math.abs((first - second) / 1000 - 7200) < 10, text);
  assert.ok(Math.abs(secondsAhead(String(second)) + 3600) < 10, text);
  assert.ok(monoMs < 8000 && timerMs >= 99 && timerMs < 5000, text);
});

test('what a node starts through setpriv has its clock too, as another user, but etcd has not', async (t) => {
  const { clock, dir, plan } = await lay(t);
  await writeFile(clock, '+3600s');
  const asNobody =
    process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  const date = ['date', '+%s000'];
  const through = (program: readonly string[]): Promise<string> =>
    runCommandOk([...asNobody, 'setpriv', '--pdeathsig', 'KILL', '--', ...program], {
      timeoutMs: 10_000,
      env: { PATH: `${dirname(clock)}:/usr/bin:/bin` },
    }).then(({ stdout }) => stdout.trim());
  assert.ok(Math.abs(secondsAhead(await through(date)) - 3600) < 10);
  await symlink('/bin/date', join(dir, 'etcd'));
  assert.ok(Math.abs(secondsAhead(await through([join(dir, 'etcd'), '+%s000']))) < 10);
  const pids = join(dir, 'clocks', 'pids');
  assert.match(await readFile(pids, 'utf8'), /^\d+\n\d+\n$/u);
  await clearClocks(plan);
  await assert.rejects(readFile(pids), /ENOENT/u);
});
