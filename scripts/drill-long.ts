/**
 * Every fault of `holdfast drill`, several rounds each, in a demo of its own. It takes hours, and goes on where it was when it is
 * started again. A demo that a fault has left unhealed is replaced by a new one: that round counts as it came out.
 *
 * Usage: npm run drill:long -- [--rounds N] [--seed S] [--report DIR] [--fault NAME ...] [--keep DIR]
 *   --keep DIR   at the end the report is copied there (docs/drills for the one that is committed)
 */
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { DrillReport } from '../src/core/drill/verdict.ts';
import { catalogue } from '../src/drill/faults/catalogue.ts';
import { isWhole } from '../src/drill/whole.ts';
import { runCommand } from '../src/runtime/run-command.ts';

const wholeMs = 120_000;
const root = new URL('../', import.meta.url).pathname;
const reportFiles = ['report.json', 'report.html'];
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    report: { type: 'string', default: 'drill-long' },
    fault: { type: 'string', multiple: true },
    port: { type: 'string', default: '8700' },
    keep: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const directory = resolve(values.report);
const faults = values.fault ?? catalogue.map(({ name }) => name);
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted.abort());

process.exitCode = await drillAll();

/**
 * First in a demo on the machine's own disk, whose figures count; then what needs disks and clocks of its own, in one that has
 * them.
 */
async function drillAll(): Promise<number> {
  const isRoot = process.getuid?.() === 0;
  const namespaces = isRoot ? ['--namespaces'] : [];
  const everything = [
    ...namespaces,
    ...(isRoot ? ['--small-disks', '1024'] : []),
    ...(hasFakeClocks() ? ['--fake-clocks'] : []),
  ];
  const plain = await drillIn(namespaces, faults);
  const others = skipped();
  const rest = others.length === 0 || plain === 130 ? plain : await drillIn(everything, others);
  const passed = finish();
  return rest === 130 ? 130 : Math.max(plain, rest, passed);
}

/** Drills until each of `names` has had its rounds, or cannot be made. @returns an exit code; 0 for "went through" */
async function drillIn(options: readonly string[], names: readonly string[]): Promise<number> {
  while (!interrupted.signal.aborted) {
    const before = made(names);
    const earlier = report()?.endedAt;
    await inDemo(options, (dir) => drillOnce(dir, names));
    // A drill that was refused has written nothing: whom an earlier one left out says nothing then.
    const told = report()?.endedAt !== earlier;
    const unable = told ? skipped().filter((name) => names.includes(name)).length : 0;
    const left = (names.length - unable) * rounds - made(names);
    if (left <= 0) return 0;
    if (made(names) === before) {
      console.error(
        `drill:long: ${left} rounds are left, and none could be made. The report is in ${directory}.`,
      );
      return 1;
    }
  }
  return 130;
}

function finish(): number {
  if (values.keep !== undefined) {
    mkdirSync(values.keep, { recursive: true });
    for (const name of reportFiles) copyFileSync(join(directory, name), join(values.keep, name));
  }
  const passed = report()?.rounds.every(({ verdict }) => verdict.result === 'passed') === true;
  return passed ? 0 : 1;
}

/** Signals reach the drill as well (it has this terminal): it puts everything back and ends. */
function drillOnce(demoDir: string, names: readonly string[]): Promise<number> {
  return run('dist/cli/main.js', [
    'drill',
    ...['--demo', demoDir, '--rounds', values.rounds, '--seed', values.seed, '--report', directory],
    ...names.flatMap((name) => ['--fault', name]),
  ]);
}

async function inDemo(options: readonly string[], work: (dir: string) => Promise<number>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'hf-drill-long-'));
  const own = ['--dir', dir, '--port', values.port, '--detach'];
  try {
    const started = await run('dist/demo/main.js', [...own, ...options]);
    if (started === 0 && (await becomesWhole(dir))) await work(dir);
  } finally {
    await run('dist/demo/main.js', ['--stop', '--dir', dir]);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A demo is ready before its last etcd member votes. False when it is interrupted, or does not come to it. */
async function becomesWhole(dir: string): Promise<boolean> {
  const giveUpAt = performance.now() + wholeMs;
  while (!interrupted.signal.aborted && performance.now() < giveUpAt) {
    const { code, stdout } = await runCommand(
      [process.execPath, join(root, 'dist/cli/main.js'), 'status', '--json', '--dir', join(dir, 'n1')],
      { timeoutMs: 10_000 },
    );
    if (code === 0 && isWhole(JSON.parse(stdout))) return true;
    await sleep(1000);
  }
  return false;
}

/** Debian's package `faketime`. */
function hasFakeClocks(): boolean {
  return existsSync('/usr/bin/faketime');
}

function run(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [join(root, program), ...args], { stdio: 'inherit' });
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) => done(code ?? 1));
  });
}

function report(): DrillReport | null {
  const file = join(directory, 'report.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

/** Rounds of these faults that the report has, but for those without effect, which come again. */
function made(names: readonly string[]): number {
  const mine = report()?.rounds.filter(({ verdict }) => names.includes(verdict.fault)) ?? [];
  return mine.filter(({ verdict }) => verdict.round <= rounds && verdict.result !== 'no effect').length;
}

/** Faults that could not be made where the drill went on last. */
function skipped(): readonly string[] {
  return report()?.skipped.map(({ fault }) => fault) ?? [];
}
