/**
 * Runs the tests: every one, or those that the given globs name. They run under the pinned Node of node_modules, whatever
 * Node started this (the first `npm test` after a clone is started by the machine's own).
 *
 * Usage: node scripts/test.mjs [glob ...] [--option-of-node ...]
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));

/** A file counts as a test here, and the longest starts whole clusters. What takes longer hangs. */
const timeoutMs = 10 * 60_000;
/** Tests start PostgreSQL and etcd and hold them to deadlines: more files at once than two cores starve each other. */
const concurrency = 2;

const given = process.argv.slice(2);
const globs = given.filter((word) => !word.startsWith('--'));
const options = given.filter((word) => word.startsWith('--'));

const child = spawn(
  existsSync(pinned) ? pinned : process.execPath,
  [
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${timeoutMs}`,
    '--test-reporter=spec',
    ...options,
    ...(globs.length > 0 ? globs : ['src/**/*.test.ts', 'test/**/*.test.ts']),
  ],
  { cwd: root, stdio: 'inherit' },
);
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`test: ${error.message}`);
  process.exitCode = 1;
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
