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
import { parseArgs } from 'node:util';
import type { DrillReport } from '../src/core/drill/verdict.ts';
import { catalogue } from '../src/drill/faults/catalogue.ts';

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

async function drillAll(): Promise<number> {
  while (!interrupted.signal.aborted) {
    const before = made();
    await inDemo(drillOnce);
    const left = faults.length * rounds - made() - skipped() * rounds;
    if (left <= 0) return finish();
    if (made() === before) {
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
function drillOnce(demoDir: string): Promise<number> {
  return run('dist/cli/main.js', [
    'drill',
    ...['--demo', demoDir, '--rounds', values.rounds, '--seed', values.seed, '--report', directory],
    ...faults.flatMap((name) => ['--fault', name]),
  ]);
}

async function inDemo(work: (dir: string) => Promise<number>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'hf-drill-long-'));
  const isRoot = process.getuid?.() === 0;
  const own = ['--dir', dir, '--port', values.port];
  try {
    const started = await run('dist/demo/main.js', [
      ...own,
      '--detach',
      ...(isRoot ? ['--namespaces', '--small-disks', '1024'] : []),
      ...(hasFakeClocks() ? ['--fake-clocks'] : []),
    ]);
    if (started === 0 && !interrupted.signal.aborted) await work(dir);
  } finally {
    await run('dist/demo/main.js', ['--stop', '--dir', dir]);
    rmSync(dir, { recursive: true, force: true });
  }
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

/** Rounds of the wanted faults that the report has. */
function made(): number {
  const wanted = new Set(faults);
  return (
    report()?.rounds.filter(({ verdict }) => wanted.has(verdict.fault) && verdict.round <= rounds).length ?? 0
  );
}

function skipped(): number {
  return report()?.skipped.filter(({ fault }) => faults.includes(fault)).length ?? 0;
}
