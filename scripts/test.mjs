/**
 * Runs the tests: every one, or those that the given globs name. They run under the pinned Node of node_modules, whatever
 * Node started this (the first `npm test` after a clone is started by the machine's own).
 *
 * Usage: node scripts/test.mjs [glob ...] [--option-of-node ...]
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));

/** A file counts as a test here, and the longest starts whole clusters. What takes longer hangs. */
const timeoutMs = 15 * 60_000;
/** Tests start PostgreSQL and etcd and hold them to deadlines: more files at once than two cores starve each other. */
const concurrency = 2;

const given = process.argv.slice(2);
const globs = given.filter((word) => !word.startsWith('--'));
const options = given.filter((word) => word.startsWith('--'));

/** Measures how long failovers take, so nothing else may run beside it. */
const alone = 'test/failover.test.ts';
const rounds =
  globs.length > 0
    ? [{ files: globs, concurrency }]
    : [
        {
          files: ['src/**/*.test.ts', 'bench/**/*.test.ts', 'test/elect/*.test.ts', ...wholeProduct()],
          concurrency,
        },
        { files: [alone], concurrency: 1 },
      ];

/** The tests of the whole product but the one that must be alone. */
function wholeProduct() {
  return readdirSync(new URL('../test', import.meta.url))
    .filter((name) => name.endsWith('.test.ts') && `test/${name}` !== alone)
    .map((name) => `test/${name}`);
}

/** @param {{ files: string[], concurrency: number }} round */
function run(round) {
  const child = spawn(
    existsSync(pinned) ? pinned : process.execPath,
    [
      '--test',
      `--test-concurrency=${round.concurrency}`,
      `--test-timeout=${timeoutMs}`,
      '--test-reporter=spec',
      ...options,
      ...round.files,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.once(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(`test: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

for (const round of rounds) {
  const code = await run(round);
  if (code !== 0) process.exitCode = code;
}
