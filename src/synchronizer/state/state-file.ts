import { access, constants, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory, readFileIfThere } from '../../runtime/files.ts';
import { writeBeside } from './beside.ts';
import { keyPrintOf, newDigestKey } from './digests.ts';
import { emptyState, forgetUnsure, type SyncState } from './state.ts';
import { linesOfState, stateOfLines } from './state-lines.ts';
import { onDisk } from './unusable.ts';

/** The memory of a synchronizer in a directory of its own: `state.jsonl`, and beside it the key of its digests. Both are 0600. */
export interface StateFile {
  readonly digestKey: Buffer;
  readonly state: SyncState;
  readonly save: () => Promise<void>;
}

/**
 * Reads what the last pass left, and creates nothing: directory, key and state come with the first `save`. A state about another
 * target, of another key, or that cannot be read, counts for nothing: the next pass then looks at everything.
 *
 * @throws Problem `config_invalid`, `disk_full` when the directory cannot be used
 */
export async function openStateFile(directory: string, target: string): Promise<StateFile> {
  const path = join(directory, 'state.jsonl');
  const keyPath = join(directory, 'digest.key');
  await onDisk(directory, () => requireWritable(directory));
  const keyText = await onDisk(directory, () => readFileIfThere(keyPath));
  const known = keyText === null ? null : Buffer.from(keyText.trim(), 'base64');
  const digestKey = known?.length === 32 ? known : newDigestKey();
  const keyPrint = keyPrintOf(digestKey);
  const stored = await onDisk(directory, () => readState(path, keyPrint));
  const state = stored?.target === target ? stored : emptyState(target);
  forgetUnsure(state);
  let isKept = digestKey === known;
  return {
    digestKey,
    state,
    save: () =>
      onDisk(directory, async () => {
        await makeDirectory(directory, 0o700);
        if (!isKept) await writeBeside(keyPath, `${digestKey.toString('base64')}\n`);
        isKept = true;
        await writeBeside(path, linesOfState(state, keyPrint));
      }),
  };
}

/** Whether this user may write to the directory, or make it. */
async function requireWritable(directory: string): Promise<void> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || dirname(directory) === directory) throw error;
    await requireWritable(dirname(directory));
  }
}

async function readState(path: string, keyPrint: string): Promise<SyncState | null> {
  try {
    return stateOfLines(await readFile(path), keyPrint);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
