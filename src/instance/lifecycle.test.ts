import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isProblem } from '../core/problem.ts';
import { findPostgres } from './binaries.ts';
import { initialise } from './initialise.ts';
import { findStrays, killEveryProcess } from './kill.ts';
import { checkpoint, switchWal } from './maintenance.ts';
import { observe } from './observe.ts';
import { isStopped } from '../runtime/process-facts.ts';
import { findInstanceProcesses } from './processes.ts';
import type { RunningInstance } from './running-instance.ts';
import { type InstanceSettings, inPgdata } from './settings.ts';
import { type StartRole, startInstance } from './start.ts';
import { until } from './until.ts';
import { keepSession, type Lab, openLab, sql } from './testing/lab.ts';

const alone: StartRole = { kind: 'primary', synchronousNames: [] };

let lab: Lab;
let settings: InstanceSettings;
let systemIdentifier: string;

before(async () => {
  lab = await openLab();
  settings = await lab.node('n1');
});
afterEach(async () => {
  await killEveryProcess({ dir: settings.dir, postmaster: null }, { timeoutMs: 5000 });
});
after(async () => {
  await lab.close();
});

async function start(): Promise<RunningInstance> {
  const running = await startInstance(settings, { role: alone });
  assert.equal(await running.ready({ timeoutMs: 10_000 }), true);
  return running;
}

/** Stops the postmaster; the signal takes effect when the kernel next lets it run. */
async function freeze({ postmaster }: RunningInstance): Promise<void> {
  process.kill(postmaster.pid, 'SIGSTOP');
  const look = (): Promise<true | null> => Promise.resolve(isStopped(postmaster) ? true : null);
  assert.equal(await until(look, { timeoutMs: 5000, everyMs: 1 }), true);
}

test('an absent instance is reported absent, and does not start', async () => {
  assert.deepEqual(await observe({ settings, running: null }, { timeoutMs: 500 }), {
    interruption: null,
    state: 'absent',
  });
  await assert.rejects(startInstance(settings, { role: alone }), (error) =>
    isProblem(error, 'instance_failed'),
  );
});

test('an interrupted initialisation is run again; a finished one is left alone', async () => {
  const aborted = new AbortController();
  const first = initialise(settings, { timeoutMs: 60_000, signal: aborted.signal });
  while (!(await readdir(settings.dir)).includes('pgdata.new')) await new Promise(setImmediate);
  aborted.abort();
  await assert.rejects(first);
  assert.deepEqual(await readdir(settings.dir), ['pgdata.new']);
  await untilNoStrays(); // what initdb started ends when it hears that initdb is no more, a moment later

  const made = await initialise(settings);
  assert.equal(made.created, true);
  systemIdentifier = made.systemIdentifier;
  assert.deepEqual(await readdir(settings.dir), ['pgdata']);
  assert.deepEqual(await initialise(settings), { systemIdentifier, created: false });
});

/** A dying process tells nobody but the process table. */
async function untilNoStrays(): Promise<void> {
  const giveUpAt = performance.now() + 5000;
  while (findStrays(settings).length > 0 && performance.now() < giveUpAt) await new Promise(setImmediate);
  assert.deepEqual(findStrays(settings), []);
}

test('a foreign directory is not touched', async () => {
  const other = await lab.node('foreign');
  await mkdir(join(other.dir, 'pgdata'));
  await writeFile(join(other.dir, 'pgdata', 'letter.txt'), 'mine');
  await assert.rejects(initialise(other), (error) => isProblem(error, 'directory_not_ours'));
});

test('starts, serves, reports itself, and stops cleanly', async () => {
  const running = await startInstance(settings, { role: alone });
  assert.equal((await observe({ settings, running }, { timeoutMs: 500 })).state, 'starting');
  assert.equal(await running.ready({ timeoutMs: 10_000 }), true);
  const roles = await sql(
    running,
    `select string_agg(rolname, ',' order by rolname) as names from pg_roles
    where rolname like 'holdfast%'`,
  );
  assert.equal(roles[0]?.['names'], 'holdfast,holdfast_api,holdfast_replication,holdfast_rewind');
  const owner = await sql(
    running,
    `select pg_get_userbyid(datdba) as owner, current_setting('data_checksums') as sums
    from pg_database where datname = 'holdfast'`,
  );
  assert.deepEqual(owner, [{ owner: 'holdfast_api', sums: 'on' }]);
  const session = keepSession(running);
  const asked = (text: string) => session.query(text, { timeoutMs: 5000 });
  await assert.rejects(asked('select 1 / (3 - n) from generate_series(1, 9) n'), { code: 'instance_failed' });
  assert.deepEqual(await asked('select 42 as x'), [{ x: 42 }], 'rows of the statement before');
  session.close();

  await checkpoint(running, { timeoutMs: 10_000 });
  const switched = await switchWal(running, { timeoutMs: 5000 });
  const report = await observe({ settings, running }, { timeoutMs: 2000 });
  assert.equal(report.state, 'running');
  if (report.state !== 'running') return;
  assert.equal(report.systemIdentifier, systemIdentifier);
  assert.equal(report.timeline, 1);
  assert.equal(report.inRecovery, false);
  assert.ok(report.currentLsn !== null && report.currentLsn >= switched);
  assert.equal(report.receivedLsn, null);
  assert.deepEqual(report.replication, []);
  assert.equal(report.walReceiverAlive, false);

  assert.deepEqual(await running.stop('fast', { timeoutMs: 10_000 }), { dead: true, clean: true });
  assert.deepEqual(await running.exited, { code: 0, signal: null });
  const stopped = await observe({ settings, running }, { timeoutMs: 500 });
  assert.equal(stopped.state === 'stopped' && stopped.control?.clusterState, 'shut down');
  assert.equal(stopped.state === 'stopped' && stopped.control?.systemIdentifier, systemIdentifier);
});

test('a taken port is named before PostgreSQL is tried', async () => {
  const squatter = createServer().listen(settings.port, settings.listenHost);
  await once(squatter, 'listening');
  try {
    await assert.rejects(
      startInstance(settings, { role: alone }),
      (error) => isProblem(error, 'port_taken') && error.detail.includes(String(settings.port)),
    );
  } finally {
    squatter.close();
  }
  await once(squatter, 'close');
});

test('a postmaster that cannot run says why', async () => {
  const broken = { ...settings, parameters: { shared_buffers: 'plenty' } };
  const running = await startInstance(broken, { role: alone });
  await assert.rejects(
    running.ready({ timeoutMs: 5000 }),
    (error) => isProblem(error, 'instance_failed') && /shared_buffers/.test(error.detail),
  );
});

test('kills everything of an instance with an open transaction, and knows it', async () => {
  const running = await start();
  const busy = keepSession(running);
  await busy.query('begin; create table open_work (n int)', { timeoutMs: 2000 });
  const endless = busy.query(`select count(*) from generate_series(1, 1e12)`, { timeoutMs: 60_000 });
  const broken = assert.rejects(endless);
  const alive = findInstanceProcesses(settings.dir, running.postmaster);
  assert.ok(alive.length >= 6, `${alive.length} processes`);
  assert.deepEqual(await running.killAll({ timeoutMs: 2000 }), { dead: true });
  assert.deepEqual(findStrays(settings), []);
  await broken;
  busy.close();
  assert.equal((await running.exited).signal, 'SIGKILL');
});

test('orphans of a killed postmaster are found, keep the next start away, and are killed', async () => {
  const running = await start();
  const busy = keepSession(running);
  const [row] = await busy.query('select pg_backend_pid() as pid', { timeoutMs: 2000 });
  const backend = Number(row?.['pid']);
  process.kill(backend, 'SIGSTOP'); // so that it cannot notice that it is alone
  process.kill(running.postmaster.pid, 'SIGKILL');
  await running.exited;
  assert.ok(findStrays(settings).some((stray) => stray.pid === backend));
  await assert.rejects(startInstance(settings, { role: alone }), (error) =>
    isProblem(error, 'instance_strays'),
  );
  const report = await observe({ settings, running }, { timeoutMs: 500 });
  assert.equal(report.state, 'unresponsive');
  assert.deepEqual(await running.killAll({ timeoutMs: 2000 }), { dead: true });
  assert.deepEqual(findStrays(settings), []);
  busy.close();
});

test('a stale lock file with the pid of another live process does not keep it from starting', async () => {
  await writeFile(inPgdata(settings, 'postmaster.pid'), `${process.ppid}\n${inPgdata(settings)}\n`);
  const running = await start();
  assert.equal((await running.stop('immediate', { timeoutMs: 5000 })).dead, true);
});

test('observation is bounded and tells the truth while the postmaster is stopped, and killing it works', async () => {
  const running = await start();
  assert.equal((await observe({ settings, running }, { timeoutMs: 10_000 })).state, 'running');
  const processes = findInstanceProcesses(settings.dir, running.postmaster);
  await freeze(running);
  assert.equal((await observe({ settings, running }, { timeoutMs: 1000 })).state, 'unresponsive');
  process.kill(running.postmaster.pid, 'SIGCONT');
  assert.equal((await observe({ settings, running }, { timeoutMs: 10_000 })).state, 'running');

  // The postmaster alive and every backend stopped: only the time can tell.
  for (const one of processes) if (one.pid !== running.postmaster.pid) process.kill(one.pid, 'SIGSTOP');
  let began = performance.now();
  assert.equal((await observe({ settings, running }, { timeoutMs: 150 })).state, 'unresponsive');
  assert.ok(performance.now() - began < 5000);
  for (const one of processes) if (one.pid !== running.postmaster.pid) process.kill(one.pid, 'SIGCONT');
  assert.equal((await observe({ settings, running }, { timeoutMs: 10_000 })).state, 'running');

  await freeze(running);
  const newcomer = sql(running, 'select 1', 200);
  began = performance.now();
  await assert.rejects(newcomer, (error) => isProblem(error, 'instance_unavailable'));
  assert.ok(performance.now() - began < 5000);
  assert.deepEqual(await running.killAll({ timeoutMs: 2000 }), { dead: true });
  assert.deepEqual(findStrays(settings), []);
  await running.exited;
});

test('an instance does not outlive the process that started it, however that ends', async () => {
  const { log: _, ...rest } = settings;
  const script = fileURLToPath(new URL('testing/owner.ts', import.meta.url));
  const owner = spawn(process.execPath, [script, JSON.stringify(rest)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(owner.stdout, 'data');
  assert.ok(findStrays(settings).length >= 6);
  owner.kill('SIGKILL');
  const gone = async (): Promise<true | null> => (findStrays(settings).length === 0 ? true : null);
  assert.equal(await until(gone, { timeoutMs: 3000, everyMs: 2 }), true);
});

test('missing programs are named with what to install', async () => {
  await assert.rejects(
    findPostgres('/nowhere'),
    (error) => isProblem(error, 'missing_binary') && error.detail.includes('install'),
  );
  assert.ok((await findPostgres(null)).major >= 15);
});
