import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfThere } from '../runtime/files.ts';
import { type InstanceSettings, inPgdata } from './settings.ts';

/** What a postmaster writes of itself on line 8 of postmaster.pid (`miscadmin.h`, PM_STATUS_…). */
export type PostmasterStatus = 'starting' | 'stopping' | 'ready' | 'standby';

/** The status that the postmaster `pid` shows, or null while it shows none. */
export async function postmasterStatus(
  settings: InstanceSettings,
  pid: number,
): Promise<PostmasterStatus | null> {
  const lines = (await readFileIfThere(inPgdata(settings, 'postmaster.pid')))?.split('\n') ?? [];
  if (Number(lines[0]) !== pid) return null;
  const known = ['starting', 'stopping', 'ready', 'standby'] as const;
  return known.find((status) => status === lines[7]?.trim()) ?? null;
}

/**
 * Removes the lock files that a killed postmaster left. PostgreSQL would refuse to start when their pid belongs to some
 * other process by now. Only for a caller that has made sure that no process of this instance lives.
 */
export async function removeStaleLocks(settings: InstanceSettings): Promise<void> {
  await rm(inPgdata(settings, 'postmaster.pid'), { force: true });
  const lock = join(settings.socketDir, `.s.PGSQL.${settings.port}.lock`);
  if (ownsLock(lock, inPgdata(settings))) await rm(lock, { force: true });
}

/** Line 2 of a socket's lock file names the data directory. */
function ownsLock(lock: string, dataDirectory: string): boolean {
  try {
    return readFileSync(lock, 'utf8').split('\n')[1] === dataDirectory;
  } catch {
    return false;
  }
}
