import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { Problem } from '../../core/problem.ts';

/** Where many lines go: the next are made when the last have been taken. */
export interface Output {
  readonly write: (text: string) => Promise<void>;
  /** The file is on the disk. */
  readonly close: () => Promise<void>;
}

/**
 * @param file made anew, for its owner alone; null: standard output
 * @throws Problem `usage` when the file is there already
 */
export async function openOutput(file: string | null): Promise<Output> {
  if (file === null) {
    return {
      write: async (text) => {
        if (!process.stdout.write(text)) await once(process.stdout, 'drain');
      },
      close: async () => undefined,
    };
  }
  const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error;
    throw new Problem('usage', `--output: ${file} is there already; name another file, or remove it.`);
  });
  return {
    write: async (text) => {
      await handle.writeFile(text);
    },
    close: async () => {
      await handle.sync();
      await handle.close();
    },
  };
}
