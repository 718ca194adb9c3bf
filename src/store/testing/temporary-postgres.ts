import { once } from 'node:events';
import { appendFile, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resolveRunAs } from '../../runtime/run-as.ts';
import { runCommandOk } from '../../runtime/run-command.ts';
import { type InstanceAddress, openClient, type Sql } from '../connection.ts';
import { answers, postgresBin, type PostgresProcess, startPostgres } from './postgres-process.ts';

/** A real PostgreSQL that lives as long as a test file. */
export interface TemporaryPostgres {
  /** As `holdfast_api` in the database `holdfast`. */
  readonly address: InstanceAddress;
  /** Another empty database of the same instance, owned by `holdfast_api`. */
  readonly createDatabase: (name: string) => Promise<InstanceAddress>;
  /** Runs statements in a database of the instance, as its owner. */
  readonly inDatabase: <T>(address: InstanceAddress, work: (sql: Sql) => Promise<T>) => Promise<T>;
  /** A superuser's client: for settings, and for cancelling backends. Another one after each `restart`. */
  readonly superuser: Sql;
  /** Kills the postmaster with SIGKILL; its backends find out by themselves. */
  readonly crash: () => Promise<void>;
  /**
   * Starts it again on the same data and socket, and resolves when it answers. With `recoveryMs` it says "the database
   * system is starting up" for about that long first.
   */
  readonly restart: (recoveryMs?: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const startTimeoutMs = 20_000;

/**
 * Makes and starts a throwaway instance: trust authentication, no fsync, a unix socket in a short directory only.
 *
 * @param beside another instance whose socket directory it shares; stop this one first
 * @param parameters settings of PostgreSQL that differ
 */
export async function startTemporaryPostgres(
  beside?: TemporaryPostgres,
  parameters: Readonly<Record<string, string>> = {},
): Promise<TemporaryPostgres> {
  const bin = await postgresBin();
  const runAs = resolveRunAs('postgres');
  const socketDir = beside?.address.socketDir ?? (await mkdtemp(join(tmpdir(), 'hf-pg-')));
  if (runAs !== null) await chown(socketDir, runAs.uid, runAs.gid);
  const port = await freePort();
  const dataDir = join(socketDir, `data-${port}`);
  const initdb = [
    `${bin}/initdb`,
    '-A',
    'trust',
    '-U',
    'postgres',
    '-E',
    'UTF8',
    '--no-locale',
    '-N',
    '-D',
    dataDir,
  ];
  await runCommandOk(initdb, { timeoutMs: 60_000, runAs });
  const settings = {
    fsync: 'off',
    listen_addresses: '',
    unix_socket_directories: socketDir,
    max_wal_senders: '4',
    ...parameters,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const argv = [`${bin}/postgres`, '-D', dataDir, '-p', String(port), ...options];
  const superuserAddress = { socketDir, port, user: 'postgres', database: 'postgres' };
  let server: PostgresProcess | null = null;
  let superuser = openClient(superuserAddress, { name: 'test' });
  const crash = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    await superuser.end({ timeout: 0 });
    server?.child.kill(signal);
    await server?.ended;
    server = null;
  };
  const restart = async (recoveryMs = 0): Promise<void> => {
    if (recoveryMs > 0) await prolongRecovery(dataDir, recoveryMs);
    const giveUpAt = performance.now() + startTimeoutMs;
    do {
      // the backends of one that crashed may hold its shared memory for a moment: then it ends at once
      if (server === null || server.child.exitCode !== null) server = startPostgres(argv, runAs);
      if (performance.now() > giveUpAt) throw new Error('PostgreSQL does not answer');
      await delay(30);
    } while (!(await answers(superuserAddress)));
    superuser = openClient(superuserAddress, { name: 'test' });
  };
  const stop = async (): Promise<void> => {
    await crash('SIGQUIT');
    await rm(beside === undefined ? socketDir : dataDir, { recursive: true, force: true });
  };
  try {
    await restart();
    await superuser`create role holdfast_api login`;
    await superuser`create database holdfast owner holdfast_api`;
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: { socketDir, port },
    createDatabase: async (name) => {
      await superuser`create database ${superuser(name)} owner holdfast_api`;
      return { socketDir, port, database: name };
    },
    inDatabase: async (address, work) => {
      const sql = openClient(address, { name: 'test' });
      try {
        return await work(sql);
      } finally {
        await sql.end({ timeout: 1 });
      }
    },
    get superuser() {
      return superuser;
    },
    crash,
    restart,
    stop,
  };
}

/** Makes the next start an archive recovery that waits for a segment which never comes, then goes on without it. */
async function prolongRecovery(dataDir: string, ms: number): Promise<void> {
  await writeFile(join(dataDir, 'recovery.signal'), '', { mode: 0o644 });
  await appendFile(
    join(dataDir, 'postgresql.auto.conf'),
    `restore_command = 'sleep ${ms / 2000}; false'\nhot_standby = off\n`,
  );
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
