import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';

/** A small file system of its own, in a mount namespace that nobody else sees. */
const onSmallDisk = (script: string, directory: string) =>
  spawnSync(
    'unshare',
    [
      '-Urm',
      'sh',
      '-c',
      'mount -t tmpfs -o size=64k none "$1" && shift && exec "$@"',
      'sh',
      directory,
      process.execPath,
      '--input-type=module',
      '-e',
      script,
      directory,
    ],
    { encoding: 'utf8', timeout: 30_000 },
  );

const root = JSON.stringify(join(import.meta.dirname, '..'));
const program = `
  const directory = process.argv[1];
  const load = (path) => import(${root} + '/' + path);
  const [{ openDesk }, { readConfig }, { standsAlone }, { judgeHealth }] = await Promise.all(
    ['run/run-desk.ts', 'config/read-config.ts', 'http/report.ts', 'http/health.ts'].map(load));
  const [{ askHolder }, { unkeptStatusIn }, { putPause, readPause }, { readStatus }] = await Promise.all(
    ['state/ask-holder.ts', 'state/status-keeper.ts', 'run/pause.ts', 'state/status-file.ts'].map(load));
  const { Problem } = await load('../core/problem.ts');
  const { openSync, writeSync, rmSync, closeSync } = await import('node:fs');
  const { join } = await import('node:path');
  const { config } = readConfig(\`vault: v
target: {url: 'http://127.0.0.1:1', account: a, login: l, apiKeyFile: k}
source: {kind: directory, path: d}
stateDirectory: \${directory}\`, '/');
  const stop = new AbortController();
  const desk = await openDesk({ config: () => config, standing: () => standsAlone, stop: stop.signal });
  const fails = (words) => desk.pass(() => Promise.reject(new Problem('source_unavailable', words)));
  const told = [];
  const tell = async () => {
    const unkept = unkeptStatusIn(await askHolder(directory));
    const { reason } = judgeHealth(desk.report.view(), { everyMs: 60_000, leaseMs: null }, performance.now());
    told.push({ reason, fault: unkept?.fault ?? null, unkept: unkept?.status.error ?? null,
      file: (await readStatus(directory))?.error ?? null, view: desk.report.view().status?.error ?? null });
  };
  await fails('first.');
  await tell();
  const filler = join(directory, 'filler');
  const file = openSync(filler, 'w');
  try { for (;;) writeSync(file, Buffer.alloc(512)); } catch (error) { told.push(error.code); }
  closeSync(file);
  await fails('second.');
  await fails('third.');
  await tell();
  await putPause(directory, 'why');
  told.push(await readPause(directory));
  rmSync(filler);
  await fails('fourth.');
  await tell();
  console.log(JSON.stringify(told));
  stop.abort();
  await desk.close();`;

const directory = mkdtempSync(join(tmpdir(), 'hf-full-'));
const canTry = onSmallDisk('', directory).status === 0;
rmSync(directory, { recursive: true });

it('a run on a full disk tells what it cannot write down, lets itself be paused, and catches up', {
  skip: canTry ? false : 'user and mount namespaces cannot be made here',
}, () => {
  const own = mkdtempSync(join(tmpdir(), 'hf-full-'));
  try {
    const { stdout, stderr } = onSmallDisk(program, own);
    assert.match(stdout, /^\[/u, stderr);
    const failed = 'the last pass failed (source_unavailable); "holdfast sync status" says why';
    assert.deepEqual(JSON.parse(stdout), [
      { reason: failed, fault: null, unkept: null, file: 'first.', view: 'first.' },
      'ENOSPC',
      {
        reason: 'the state directory cannot be written (disk_full); "holdfast sync status" says why',
        fault: `stateDirectory: ${own} cannot be written: the file system is full (ENOSPC). Make room there, or name a directory on another file system.`,
        unkept: 'third.',
        file: 'first.',
        view: 'third.',
      },
      { since: 'an unknown time', because: null },
      { reason: 'paused', fault: null, unkept: null, file: 'fourth.', view: 'fourth.' },
    ]);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
});
