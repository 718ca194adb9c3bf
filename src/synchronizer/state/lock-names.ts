import type { FileHandle } from 'node:fs/promises';

/** Of the socket of each process that wants a state directory. */
export const lockSuffix = '.lock.sock';

/** A socket's path has 107 bytes at most, and a directory's may have more: it is named by its descriptor (proc(5)). */
export function throughFolder({ fd }: FileHandle, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}
