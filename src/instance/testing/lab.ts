import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory } from '../../runtime/files.ts';
import { createLogger } from '../../runtime/log.ts';
import { resolveRunAs, type SystemUser } from '../../runtime/run-as.ts';
import { findPostgres } from '../binaries.ts';
import { copyFrom } from '../copy.ts';
import { killEveryProcess } from '../kill.ts';
import { discardMovedAside } from '../moved-aside.ts';
import type { RunningInstance } from '../running-instance.ts';
import { askServer, type ServerFacts } from '../server-facts.ts';
import { localSession, type Session } from '../session.ts';
import type { InstanceSettings, Upstream } from '../settings.ts';
import { settleSlots, slotName } from '../slots.ts';
import { type StartRole, startInstance } from '../start.ts';
import { until } from '../until.ts';
import { makeAuthority, type TestAuthority } from './certificates.ts';

/** A directory with a certificate authority, in which the tests of one file make their nodes. */
export interface Lab {
  readonly root: string;
  readonly runAs: SystemUser | null;
  readonly authority: TestAuthority;
  readonly node: (name: string, parameters?: Readonly<Record<string, string>>) => Promise<InstanceSettings>;
  /** Kills every process of every node made here, and removes everything. */
  readonly close: () => Promise<void>;
}

export async function openLab(): Promise<Lab> {
  const runAs = resolveRunAs('postgres');
  const root = await mkdtemp(join(tmpdir(), 'hf-pg-'));
  await chmod(root, 0o755);
  const authority = await makeAuthority(join(root, 'ca'), runAs);
  const socketDir = join(root, 'sock');
  await makeDirectory(socketDir, 0o755, runAs);
  const { binDir } = await findPostgres(process.env['PG_BIN'] ?? null);
  const made: InstanceSettings[] = [];
  return {
    root,
    runAs,
    authority,
    async node(name, parameters = {}) {
      const dir = join(root, name);
      await makeDirectory(dir, 0o700, runAs);
      const settings: InstanceSettings = {
        name: 'data',
        clusterName: 'test',
        nodeName: name,
        dir,
        port: await freePort(),
        listenHost: '127.0.0.1',
        socketDir,
        binDir,
        runAs,
        tls: await authority.issue(name),
        log: createLogger({ name: 'test', level: process.env['TEST_LOG'] ?? 'fatal' }),
        // A standby's must not be smaller than its primary's: all the same.
        parameters: { shared_buffers: '16MB', max_connections: '30', min_wal_size: '32MB', ...parameters },
      };
      made.push(settings);
      return settings;
    },
    async close() {
      for (const { dir } of made) await killEveryProcess({ dir, postmaster: null }, { timeoutMs: 5000 });
      await rm(root, { recursive: true, force: true });
    },
  };
}

export function upstreamOf(settings: InstanceSettings): Upstream {
  return { certificateName: settings.nodeName, address: '127.0.0.1', port: settings.port };
}

/** Runs SQL as the superuser, on a connection of its own, and returns the rows. */
export async function sql(
  target: RunningInstance | InstanceSettings,
  text: string,
  timeoutMs = 5000,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const session = localSession('settings' in target ? target.settings : target);
  try {
    return await session.query(text, { timeoutMs });
  } finally {
    session.close();
  }
}

/** A session that a test keeps open. */
export function keepSession(running: RunningInstance): Session {
  return localSession(running.settings);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts an instance that a test made, and waits until it accepts connections. */
export async function startReady(settings: InstanceSettings, role: StartRole): Promise<RunningInstance> {
  const running = await startInstance(settings, { role });
  if (!(await running.ready({ timeoutMs: 15_000 }))) throw new Error(`${settings.nodeName} is not ready`);
  return running;
}

/** Waits until the report of a running instance satisfies `enough`. */
export async function eventually(
  running: RunningInstance,
  enough: (facts: ServerFacts) => boolean,
  timeoutMs = 10_000,
): Promise<ServerFacts> {
  let last: unknown;
  const look = async (): Promise<ServerFacts | null> => {
    const facts = await askServer(running.session, 2000);
    last = facts;
    return enough(facts) ? facts : null;
  };
  const found = await until(look, { timeoutMs, everyMs: 10 });
  if (found === null) {
    const shown = JSON.stringify(last, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
    throw new Error(`not seen within ${timeoutMs} ms; last: ${shown}`);
  }
  return found;
}

/** A standby of `primary`, copied from it and streaming with its own slot. */
export async function makeStandby(
  settings: InstanceSettings,
  primary: RunningInstance,
): Promise<RunningInstance> {
  const slot = slotName(settings.nodeName);
  const { slots, systemIdentifier } = await askServer(primary.session, 2000);
  await settleSlots(primary, { names: [...slots.map(({ name }) => name), slot] }, { timeoutMs: 2000 });
  const upstream = upstreamOf(primary.settings);
  await copyFrom(settings, { upstream, systemIdentifier, slotName: slot, timeoutMs: 30_000 });
  const running = await startReady(settings, { kind: 'standby', upstream, slotName: slot });
  await eventually(running, (facts) => facts.walReceiver?.status === 'streaming');
  await discardMovedAside(settings);
  return running;
}
