import { constants, type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { linesOf } from '../../core/audit/forward-lines.ts';
import { syncDirectory } from '../../runtime/files.ts';
import type { Sink } from './sink.ts';

/**
 * Appends records to a file, a line each. They are on the disk when it says so. Whoever renames the file finds a new one in its
 * place with the next records.
 */
export function openFileSink(path: string): Sink {
  let file: FileHandle | null = null;
  const close = async (): Promise<void> => {
    const closing = file;
    file = null;
    await closing?.close();
  };
  return {
    deliver: async (rows) => {
      try {
        if (file !== null && !(await isAt(file, path))) await close();
        file ??= await openWhole(path);
        await file.writeFile(
          rows
            .flatMap(linesOf)
            .map((line) => `${line}\n`)
            .join(''),
        );
        await file.datasync();
        // Removed meanwhile, not renamed: nobody will ever read that.
        if ((await file.stat()).nlink === 0) throw new Error(`${path} was removed while it was written to`);
      } catch (error) {
        await close(); // the next look at its end shows what is there of a line
        throw error;
      }
    },
    end: close,
  };
}

/** Opens the file behind a line that is whole: what an interruption left of one is ended there. */
async function openWhole(path: string): Promise<FileHandle> {
  const { O_APPEND, O_CREAT, O_RDWR, O_NONBLOCK } = constants;
  const isNew = !(await exists(path));
  const file = await open(path, O_APPEND | O_CREAT | O_RDWR | O_NONBLOCK, 0o600);
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw new Error(`${path} is no regular file`);
    if (isNew) await syncDirectory(dirname(path));
    if (facts.size > 0 && !(await endsLine(file, facts.size))) await file.appendFile('\n');
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function endsLine(file: FileHandle, size: number): Promise<boolean> {
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
}

/** Whether the path still leads to the open file. */
async function isAt(file: FileHandle, path: string): Promise<boolean> {
  const [ours, there] = await Promise.all([file.stat(), stat(path).catch(() => null)]);
  return there !== null && there.ino === ours.ino && there.dev === ours.dev;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
