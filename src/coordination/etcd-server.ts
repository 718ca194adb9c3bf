import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '../core/problem.ts';
import { spawnDependent } from '../runtime/dependent-child.ts';
import type { Logger } from '../runtime/log.ts';
import type { SystemUser } from '../runtime/run-as.ts';
import { prepareEtcdDirectory } from './etcd-directory.ts';
import type { EtcdGateway } from './etcd-gateway.ts';
import { explainEtcdExit } from './etcd-last-words.ts';
import { etcdArguments, type EtcdSettings, listenClientUrls, listenPeerUrls } from './etcd-settings.ts';
import { checkEtcdVersion } from './etcd-version.ts';
import { createEtcdMembership, type EtcdStatus } from './membership.ts';

export interface EtcdDeps {
  readonly runAs: SystemUser | null;
  readonly log: Logger;
}

export interface EtcdExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** What it died of; null when it was told to stop. */
  readonly problem: Problem | null;
}

/** A running etcd. It dies with this process, however that ends. */
export interface EtcdProcess {
  readonly pid: number;
  readonly version: string;
  /** Resolves when it has ended; never rejects. */
  readonly exited: Promise<EtcdExit>;
  /** Asks it to stop (a leader hands over first), and kills it after `timeoutMs`. */
  readonly stop: (timeoutMs: number) => Promise<EtcdExit>;
}

const linesKept = 20;

/**
 * Starts one etcd member. Version, directory and ports are looked at first, so that the usual faults are told in a
 * sentence. Call it from the main thread (see `spawnDependent`).
 *
 * @throws Problem `missing_binary`, `etcd_version_unsupported`, `config_invalid`, `directory_not_ours`,
 * `etcd_data_missing`, `port_taken`
 */
export async function startEtcd(settings: EtcdSettings, deps: EtcdDeps): Promise<EtcdProcess> {
  const argv = etcdArguments(settings);
  const version = await checkEtcdVersion();
  await prepareEtcdDirectory(settings, deps.runAs);
  for (const url of listenClientUrls(settings)) await checkPort('clientUrl', url);
  for (const url of listenPeerUrls(settings)) await checkPort('peerUrl', url);
  const child = spawnDependent(argv, { runAs: deps.runAs, cwd: settings.dataDir });
  const lines = keepLines(child, deps.log);
  let stopping = false;
  const exited = new Promise<EtcdExit>((resolve) => {
    child.once('error', (cause) => {
      const problem = new Problem('etcd_failed', 'etcd could not be started: setpriv failed.', { cause });
      resolve({ code: null, signal: null, problem });
    });
    child.once('close', (code, signal) => {
      const problem = stopping ? null : explainEtcdExit(settings.name, { code, signal }, lines);
      resolve({ code, signal, problem });
    });
  });
  return {
    pid: child.pid ?? 0,
    version,
    exited,
    stop: async (timeoutMs) => {
      stopping = true;
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
      try {
        return await exited;
      } finally {
        clearTimeout(killer);
      }
    },
  };
}

/**
 * Waits until a started member knows a leader and reports no fault, and returns what it says of itself; a learner counts
 * too. `endpoint` is its `host:port` in `gateway`.
 *
 * @throws Problem that it died of; `etcd_failed` when it is not healthy within `timeoutMs`
 */
export async function waitHealthy(
  etcd: EtcdProcess,
  gateway: EtcdGateway,
  endpoint: string,
  timeoutMs: number,
): Promise<EtcdStatus> {
  const endAt = performance.now() + timeoutMs;
  const { status } = createEtcdMembership(gateway);
  let last = 'it has not answered yet';
  let dead: Problem | null = null;
  void noteDeath();
  while (performance.now() < endAt) {
    if (dead !== null) throw dead;
    try {
      const said = await status(endpoint, {
        timeoutMs: Math.min(1000, Math.max(1, endAt - performance.now())),
      });
      if (said.leaderId !== null && said.errors.length === 0) return said;
      last = said.errors.join(', ') || 'it knows no leader';
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      last = error.detail;
    }
    await Promise.race([etcd.exited, pause(50)]);
  }
  throw (
    dead ?? new Problem('etcd_failed', `etcd at ${endpoint} was not healthy within ${timeoutMs} ms: ${last}`)
  );

  async function noteDeath(): Promise<void> {
    const end = await etcd.exited;
    dead = end.problem ?? new Problem('etcd_failed', `etcd at ${endpoint} was told to stop.`);
  }
}

/** Hands etcd's own lines to the logger, at their level, and keeps the last few for the account of its end. */
function keepLines(child: ChildProcess, log: Logger): readonly string[] {
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      const short = line.slice(0, 2000);
      kept.push(short);
      if (kept.length > linesKept) kept.shift();
      const level = /"level":"(error|dpanic|panic|fatal)"/.test(short) ? 'error' : 'warn';
      log[level]({ etcd: short }, 'etcd says');
    });
  }
  return kept;
}

/** @throws Problem `port_taken` */
function checkPort(field: string, url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) => {
      reject(
        new Problem(
          'port_taken',
          `etcd ${field}: ${url} cannot be listened on: ${cause.message}. Free it, or name another.`,
          {
            cause,
          },
        ),
      );
    });
    probe.listen({ host, port: Number(port), exclusive: true }, () => probe.close(() => resolve()));
  });
}
