import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resolveRunAs } from '../../runtime/run-as.ts';
import { runCommandOk } from '../../runtime/run-command.ts';
import { type InstanceAddress, openClient, type Sql } from '../connection.ts';
import { answers, postgresBin, startPostgres } from './postgres-process.ts';
import { freePort, type TemporaryPostgres } from './temporary-postgres.ts';

/** A standby that streams from a temporary instance. */
export interface TemporaryStandby {
  /** As `holdfast_api` in the database `holdfast`. */
  readonly address: InstanceAddress;
  /** A superuser's client. */
  readonly superuser: Sql;
  readonly stop: () => Promise<void>;
}

const startTimeoutMs = 20_000;

/**
 * Copies and follows `primary`. Stop it first.
 *
 * @param parameters settings of PostgreSQL that differ
 */
export async function startTemporaryStandby(
  primary: TemporaryPostgres,
  parameters: Readonly<Record<string, string>> = {},
): Promise<TemporaryStandby> {
  const bin = await postgresBin();
  const runAs = resolveRunAs('postgres');
  const { socketDir } = primary.address;
  const port = await freePort();
  const dataDir = join(socketDir, `standby-${port}`);
  const source = ['-h', socketDir, '-p', String(primary.address.port), '-U', 'postgres'];
  const copy = [`${bin}/pg_basebackup`, ...source, '-D', dataDir, '-R', '-c', 'fast', '-X', 'stream'];
  await runCommandOk(copy, { timeoutMs: 60_000, runAs });
  const settings = {
    fsync: 'off',
    listen_addresses: '',
    unix_socket_directories: socketDir,
    ...parameters,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = startPostgres([`${bin}/postgres`, '-D', dataDir, '-p', String(port), ...options], runAs);
  const asSuperuser = { socketDir, port, user: 'postgres', database: 'postgres' };
  const giveUpAt = performance.now() + startTimeoutMs;
  while (!(await answers(asSuperuser))) {
    if (performance.now() > giveUpAt) throw new Error('the standby does not answer');
    await delay(30);
  }
  const superuser = openClient(asSuperuser, { name: 'test' });
  return {
    address: { socketDir, port },
    superuser,
    stop: async () => {
      await superuser.end({ timeout: 0 });
      server.child.kill('SIGQUIT');
      await server.ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
