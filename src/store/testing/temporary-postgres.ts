import { once } from 'node:events';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spawnDependent } from '../../runtime/dependent-child.ts';
import { resolveRunAs } from '../../runtime/run-as.ts';
import { runCommandOk } from '../../runtime/run-command.ts';
import { type InstanceAddress, openClient, type Sql } from '../connection.ts';

/** A real PostgreSQL that lives as long as a test file. */
export interface TemporaryPostgres {
  /** As `holdfast_api` in the database `holdfast`. */
  readonly address: InstanceAddress;
  /** Another empty database of the same instance, owned by `holdfast_api`. */
  readonly createDatabase: (name: string) => Promise<InstanceAddress>;
  /** Runs statements in a database of the instance, as its owner. */
  readonly inDatabase: <T>(address: InstanceAddress, work: (sql: Sql) => Promise<T>) => Promise<T>;
  /** A superuser's client: for settings, and for cancelling backends. */
  readonly superuser: Sql;
  readonly stop: () => Promise<void>;
}

const startTimeoutMs = 20_000;

/**
 * Makes and starts a throwaway instance: trust authentication, no fsync, a unix socket in a short directory only.
 *
 * @param beside another instance whose socket directory it shares; stop this one first
 */
export async function startTemporaryPostgres(beside?: TemporaryPostgres): Promise<TemporaryPostgres> {
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
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const child = spawnDependent([`${bin}/postgres`, '-D', dataDir, '-p', String(port), ...options], {
    runAs,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const ended = once(child, 'exit');
  const superuser = openClient(
    { socketDir, port, user: 'postgres', database: 'postgres' },
    { name: 'test', max: 2 },
  );
  const stop = async (): Promise<void> => {
    await superuser.end({ timeout: 1 });
    child.kill('SIGQUIT');
    await ended;
    await rm(beside === undefined ? socketDir : dataDir, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(superuser);
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
    superuser,
    stop,
  };
}

/** PostgreSQL says nowhere that it is ready but by answering. */
async function untilItAnswers(sql: Sql): Promise<void> {
  const giveUpAt = performance.now() + startTimeoutMs;
  for (;;) {
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await delay(30);
    }
  }
}

/** The newest installed PostgreSQL, as Debian lays it out. */
async function postgresBin(): Promise<string> {
  const root = '/usr/lib/postgresql';
  const versions = (await readdir(root)).map(Number).filter((version) => version >= 15);
  return `${root}/${Math.max(...versions)}/bin`;
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
