import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { SystemUser } from './run-as.ts';

export interface WriteOptions {
  /** Permission bits; 0600 unless told otherwise. */
  readonly mode?: number;
  readonly owner?: Pick<SystemUser, 'uid' | 'gid'> | null;
  /** False: a reader sees the old content or the new one, but a machine that loses power may lose both. */
  readonly durable?: boolean;
}

/**
 * Writes a file so that a reader, or a machine that loses power, sees the old content or the new one and nothing
 * between: temporary file in the same directory, fsync, rename, fsync of the directory.
 */
export async function writeFileAtomically(
  path: string,
  content: string | Buffer,
  options: WriteOptions = {},
): Promise<void> {
  const durable = options.durable ?? true;
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(temporary, 'wx', options.mode ?? 0o600);
    try {
      await file.writeFile(content);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    if (options.owner) await chown(temporary, options.owner.uid, options.owner.gid);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  if (durable) await syncDirectory(dirname(path));
}

/** Makes a directory (and its parents) with these permission bits, owned by `owner` where one is given. */
export async function makeDirectory(
  path: string,
  mode: number,
  owner: SystemUser | null = null,
): Promise<void> {
  await mkdir(path, { recursive: true, mode });
  if (owner !== null) await chown(path, owner.uid, owner.gid);
}

/** The content of a small text file, or null when there is none. */
export async function readFileIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Makes renames and removals in a directory survive a loss of power. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
