import { open, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Problem } from '../../core/problem.ts';

/** A file that is ours before what goes into it is made: a key that is told once must not find its place taken. */
export interface ReservedFile {
  readonly path: string;
  readonly fill: (text: string) => Promise<void>;
  /** Removes the file, unless it was filled. */
  readonly giveUp: () => Promise<void>;
}

/**
 * Makes an empty file, 0600. One that is empty already was left by somebody who was interrupted, and is taken.
 *
 * @throws Problem `usage` when there is one, or it cannot be made
 */
export async function reserveFile(option: string, name: string): Promise<ReservedFile> {
  const path = resolve(name);
  const known = await stat(path).catch(() => null);
  if (known?.isFile() === true && known.size === 0) await rm(path);
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    const why =
      code === 'EEXIST'
        ? 'is there already, and is not overwritten; name another'
        : `cannot be made (${code})`;
    throw new Problem('usage', `${option}: ${path} ${why}.`, { cause: error });
  });
  let filled = false;
  return {
    path,
    fill: async (text) => {
      await file.writeFile(text);
      await file.sync();
      await file.close();
      filled = true;
    },
    giveUp: async () => {
      if (filled) return;
      await file.close().catch(() => undefined);
      await rm(path, { force: true });
    },
  };
}
