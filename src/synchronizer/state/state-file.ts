import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { makeDirectory, readFileIfThere, writeFileAtomically } from '../../runtime/files.ts';
import { newDigestKey } from './digests.ts';
import { emptyState, type SyncState } from './state.ts';
import { linesOfState, stateOfLines } from './state-lines.ts';

/** The memory of a synchronizer in a directory of its own: `state.jsonl`, and beside it the key of its digests. Both are 0600. */
export interface StateFile {
  readonly digestKey: Buffer;
  readonly state: SyncState;
  readonly save: () => Promise<void>;
}

/**
 * Reads what the last pass left. A state about another target, or that cannot be read, counts for nothing: the next pass then looks
 * at everything. So does one whose key is gone.
 *
 * @throws Problem `config_invalid` when the directory cannot be used
 */
export async function openStateFile(directory: string, target: string): Promise<StateFile> {
  const path = join(directory, 'state.jsonl');
  const keyPath = join(directory, 'digest.key');
  await onDisk(directory, () => makeDirectory(directory, 0o700));
  const keyText = await onDisk(directory, () => readFileIfThere(keyPath));
  const known = keyText === null ? null : Buffer.from(keyText.trim(), 'base64');
  const digestKey = known?.length === 32 ? known : newDigestKey();
  if (digestKey !== known)
    await onDisk(directory, () => writeFileAtomically(keyPath, `${digestKey.toString('base64')}\n`));
  const stored = digestKey === known ? await onDisk(directory, () => readState(path)) : null;
  const state = stored?.target === target ? stored : emptyState(target);
  return {
    digestKey,
    state,
    save: () => onDisk(directory, () => writeFileAtomically(path, linesOfState(state))),
  };
}

async function readState(path: string): Promise<SyncState | null> {
  try {
    return stateOfLines(await readFile(path));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function onDisk<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    throw new Problem(
      'config_invalid',
      `stateDirectory: ${directory} cannot be used (${code}); name one that this user may write to.`,
      { cause: error },
    );
  }
}
