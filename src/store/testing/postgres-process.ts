import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { spawnDependent } from '../../runtime/dependent-child.ts';
import type { SystemUser } from '../../runtime/run-as.ts';
import { type InstanceAddress, openClient } from '../connection.ts';

/** A postmaster that a test has started. */
export interface PostgresProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

export function startPostgres(argv: readonly string[], runAs: SystemUser | null): PostgresProcess {
  const child = spawnDependent(argv, { runAs, stdio: ['ignore', 'ignore', 'ignore'] });
  return { child, ended: once(child, 'exit') };
}

/** PostgreSQL says nowhere that it is ready but by answering. */
export async function answers(address: InstanceAddress): Promise<boolean> {
  const sql = openClient(address, { name: 'test' });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/** The newest installed PostgreSQL, as Debian lays it out. */
export async function postgresBin(): Promise<string> {
  const root = '/usr/lib/postgresql';
  const versions = (await readdir(root)).map(Number).filter((version) => version >= 15);
  return `${root}/${Math.max(...versions)}/bin`;
}
