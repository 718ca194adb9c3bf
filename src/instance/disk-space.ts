import { statfs } from 'node:fs/promises';
import { Problem } from '../core/problem.ts';

/** Bytes that an ordinary user can still write on the file system of `path`. */
export async function freeDiskBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** For the log that runs in while a copy is taken, and for the server to start on. */
const marginBytes = 256 * 1024 * 1024;

/** @throws Problem `disk_full` when `path` has no room for a copy of `bytes`. */
export async function requireRoom(path: string, bytes: number): Promise<void> {
  const needed = Math.ceil(bytes * 1.05) + marginBytes;
  const free = await freeDiskBytes(path);
  if (free < needed) {
    throw new Problem(
      'disk_full',
      `${path}: a copy needs ${megabytes(needed)} MB and ${megabytes(free)} MB are free; make room and it will be tried again.`,
    );
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / (1024 * 1024));
}
