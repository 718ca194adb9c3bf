import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { workerFlags } from '../src/agent/worker-flags.ts';
import { defaultApiSettings } from '../src/core/api-settings.ts';
import { plus } from '../src/core/clock.ts';
import type { KeeperCommand } from '../src/core/audit-keeper.ts';
import type { PeerAddress, WorkerCommand, WorkerEvent, WorkerSettings } from '../src/core/serving.ts';
import { createTestAuthority, type TestAuthority } from '../src/identity/testing/test-authority.ts';
import { realClock } from '../src/runtime/real-clock.ts';
import { freePort } from '../src/store/testing/temporary-postgres.ts';
import type { ServeSettings } from './setting.ts';

/** A program of the product that the agent would have started. */
export interface ProductChild {
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

const dayMs = 86_400_000;
const host = '127.0.0.1';
const keeperFlags = ['--max-old-space-size=256'];

/** The API worker of a master, as its agent starts it, to which the cluster's nodes are `members`. */
export async function startWorker(
  settings: ServeSettings,
  authority: TestAuthority,
  members: readonly string[],
): Promise<ProductChild & { readonly peer: PeerAddress }> {
  const peer = { host, port: await freePort() };
  const child = start('../src/server/main.ts', workerFlags);
  const send = (command: WorkerCommand): boolean => child.send(command);
  send({
    kind: 'settings',
    settings: {
      account: settings.account,
      nodeName: 'n1',
      api: { host, port: await freePort() },
      peer,
      worker: null,
      tls: await tlsOf(authority, 'n1'),
      dataKeyFile: settings.dataKeyFile,
      apiSettings: defaultApiSettings,
      postgres: settings,
      logLevel: 'warn',
    },
  });
  await listening(child);
  const sentAt = realClock.now();
  send({
    kind: 'state',
    state: {
      role: 'master',
      term: 1,
      authorityUntil: plus(sentAt, dayMs),
      writes: 'open',
      successor: null,
      heir: null,
      handsOver: false,
      master: [],
      members,
      audit: { queued: null, isFull: false, forwards: {} },
      data: { asOf: null, timeline: null },
      because: 'the benchmark says so',
      health: { ok: true, body: {} },
      replicationOpen: true,
      sentAt,
      validForMs: dayMs,
    },
  });
  return { ...productChild(child), peer };
}

/**
 * The keeper of a follower's audit trail, as its agent starts it. It has nobody to carry records to before it is told of a
 * master.
 */
export async function startKeeper(
  nodeName: string,
  postgres: { readonly socketDir: string; readonly auditPort: number },
  authority: TestAuthority,
): Promise<ProductChild & { readonly tell: (master: PeerAddress) => void }> {
  const child = start('../src/server/keeper/main.ts', keeperFlags);
  const send = (command: KeeperCommand): boolean => child.send(command);
  const follow = (master: readonly PeerAddress[]): void => {
    send({ kind: 'duty', duty: { role: 'follower', master, term: 1, paceMs: 500 } });
  };
  follow([]);
  send({
    kind: 'settings',
    settings: {
      nodeName,
      tls: await tlsOf(authority, nodeName),
      logLevel: 'warn',
      postgres,
      directory: postgres.socketDir,
      retention: { maxAgeMs: null, maxBytes: null },
      space: { maxBytes: null, minFreeBytes: 0 },
      forward: { targets: [], tls: { ca: null, cert: null, key: null } },
    },
  });
  await once(child, 'message'); // it has looked at its backlog
  return { ...productChild(child), tell: (master) => follow([master]) };
}

/** An authority for the nodes of one run. */
export async function withAuthority<T>(work: (authority: TestAuthority) => Promise<T>): Promise<T> {
  await using authority = await createTestAuthority('bench');
  return await work(authority);
}

/** A node keeps its certificate over all rounds. */
const certified = new WeakMap<TestAuthority, Map<string, ReturnType<TestAuthority['node']>>>();

async function tlsOf(authority: TestAuthority, name: string): Promise<WorkerSettings['tls']> {
  const nodes = certified.get(authority) ?? new Map<string, ReturnType<TestAuthority['node']>>();
  certified.set(authority, nodes);
  const node = nodes.get(name) ?? authority.node(name);
  nodes.set(name, node);
  const { certFile, keyFile } = await node;
  return { caFile: authority.caFile, certFile, keyFile };
}

function start(entry: string, flags: readonly string[]): ChildProcess {
  return fork(fileURLToPath(new URL(entry, import.meta.url)), {
    execArgv: [...flags, ...(process.env['BENCH_NODE_FLAGS']?.split(' ') ?? [])],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function listening(child: ChildProcess): Promise<void> {
  const ended = new AbortController();
  child.once('exit', () => ended.abort());
  for (;;) {
    const [event]: readonly WorkerEvent[] = await once(child, 'message', { signal: ended.signal });
    if (event?.kind === 'listening') return;
  }
}

function productChild(child: ChildProcess): ProductChild {
  return {
    pid: child.pid ?? 0,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
