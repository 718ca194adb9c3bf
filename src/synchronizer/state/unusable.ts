import { isProblem, Problem } from '../../core/problem.ts';

const full = 'Make room there, or name a directory on another file system.';

/** What a code of the system means for whoever runs a synchronizer, and the way out. */
const sentences: Readonly<Record<string, string>> = {
  ENOSPC: `the file system is full (ENOSPC). ${full}`,
  EDQUOT: `this user's quota is used up (EDQUOT). ${full}`,
  EROFS:
    'the file system is read-only (EROFS), as it was mounted, or after a fault of the disk. Make it writable, or name a directory elsewhere.',
};

/** Why a state directory cannot be used. `disk_full` when it lacks room, `config_invalid` otherwise. */
export function unusable(directory: string, error: unknown): Problem {
  if (isProblem(error)) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  const known = sentences[code];
  const detail =
    known === undefined
      ? `${directory} cannot be used (${code}); name one that this user may write to.`
      : `${directory} cannot be written: ${known}`;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new Problem(isFull ? 'disk_full' : 'config_invalid', `stateDirectory: ${detail}`, { cause: error });
}

/** Does `work` on files of a state directory. @throws Problem as `unusable` says */
export async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unusable(directory, error);
  }
}
