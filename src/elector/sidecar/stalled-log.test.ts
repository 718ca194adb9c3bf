import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { electionTiming } from '../../core/election/timing.ts';
import { awaitKey, awaitPassingWithTag } from '../testing/consul-view.ts';
import { startConsul, type TestConsulCluster } from '../testing/consul.ts';
import { registerNomadService } from '../testing/nomad-service.ts';
import { electorMain } from '../testing/sidecar-process.ts';

const [ttlMs, sleepMs] = [6000, 1000];
const { stopMs } = electionTiming(ttlMs, sleepMs);
/** The last lines, which nobody takes, and the end of the process itself. */
const processMs = 2500;

/**
 * What a task may do to the standard error that it shares with the sidecar: its writes wait for the reader from now on (so
 * Node starts its children), and it is full.
 */
const fills = `exec ${process.execPath} -e "require('child_process').spawnSync('head',['-c','8000000','/dev/zero'],{stdio:['ignore',2,2]})"`;

describe('a leader whose log nobody reads', { timeout: 120_000, concurrency: true }, () => {
  let consul: TestConsulCluster;
  let dir: string;
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'hf-stalled-'));
    consul = await startConsul();
  });
  after(async () => {
    await consul.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  async function leadsOn(
    name: string,
    start: (argv: readonly string[], env: NodeJS.ProcessEnv) => ChildProcess,
    pidOf: (child: ChildProcess) => number,
  ): Promise<void> {
    const { api, address } = consul.first;
    const service = await registerNomadService(api, { name });
    const argv = [process.execPath, electorMain, '--on-elected', fills];
    const child = start(argv, {
      PATH: process.env['PATH'],
      CONSUL_HTTP_ADDR: address,
      CONSUL_LEADER_SERVICE_NAME: name,
      CONSUL_LEADER_TTL: `${ttlMs}ms`,
      CONSUL_LEADER_SLEEP: String(sleepMs / 1000),
      CONSUL_LEADER_LOG_LEVEL: 'debug',
      NOMAD_ALLOC_ID: service.allocId,
    });
    try {
      await awaitPassingWithTag(api, name, 'primary', (ids) => ids[0] === service.id, 20_000);
      const key = `consul-leader/${name}/lock`;
      const earlier = await awaitKey(api, key, (entry) => entry?.Session !== undefined, 1000);
      const changed = awaitKey(api, key, (entry) => entry?.ModifyIndex !== earlier?.ModifyIndex, 2.5 * ttlMs);
      await assert.rejects(changed, /did not become what was waited for/u);
      const pid = pidOf(child);
      const toldAt = performance.now();
      process.kill(pid, 'SIGTERM');
      await awaitKey(api, key, (entry) => entry?.Session === undefined, stopMs + processMs);
      while (isRunning(pid)) await pause(10);
      const tookMs = performance.now() - toldAt;
      assert.ok(tookMs < stopMs + processMs, `${tookMs} ms`);
    } finally {
      child.kill('SIGKILL');
    }
  }

  const ownPid = (child: ChildProcess): number => child.pid ?? 0;

  /** One that has ended may wait for its parent to take note: a terminal that was stopped does not. */
  function isRunning(pid: number): boolean {
    try {
      return !/\) Z /u.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    } catch {
      return false;
    }
  }

  it('leads on, and ends in time: a socket', async () => {
    await leadsOn(
      'socket',
      // What Node calls a pipe is a pair of sockets. Nobody reads ours.
      ([program = '', ...args], env) => spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] }),
      ownPid,
    );
  });

  it('leads on, and ends in time: a pipe whose reader was stopped', async () => {
    const fifo = join(dir, 'fifo');
    assert.equal(spawnSync('mkfifo', [fifo]).status, 0);
    const reader = spawn('cat', [fifo], { stdio: 'ignore' });
    // Opened for writing once it has been opened for reading.
    const pipe = await open(fifo, 'w');
    reader.kill('SIGSTOP');
    try {
      await leadsOn(
        'pipe',
        ([program = '', ...args], env) => spawn(program, args, { env, stdio: ['ignore', 'ignore', pipe.fd] }),
        ownPid,
      );
    } finally {
      reader.kill('SIGKILL');
      await pipe.close();
    }
  });

  it('leads on, and ends in time: a terminal that was stopped', async () => {
    await leadsOn(
      'terminal',
      ([program = '', ...args], env) => {
        // Its output goes nowhere, so what it shows stands still when it is full.
        const words = [program, ...args]
          .map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`)
          .join(' ');
        return spawn('script', ['-qfec', `exec ${words}`, '/dev/null'], {
          env: { ...env, SHELL: '/bin/sh' },
          stdio: ['ignore', 'pipe', 'ignore'],
        });
      },
      (child) => {
        const { stdout } = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' });
        return Number(stdout.trim());
      },
    );
  });
});
