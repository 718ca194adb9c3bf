import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';
import { makeDirectory, readFileIfThere, writeFileAtomically } from '../../runtime/files.ts';
import { newDigestKey } from './digests.ts';
import { emptyState, type LeftVariable, type SyncState } from './state.ts';

/** The memory of a synchronizer in a directory of its own: `state.json`, and beside it the key of its digests. Both are 0600. */
export interface StateFile {
  readonly digestKey: Buffer;
  readonly state: SyncState;
  readonly save: () => Promise<void>;
}

interface Stored {
  readonly version: 1;
  readonly target: string;
  readonly fullCheckAtMs: number | null;
  readonly accounts: readonly (readonly [string, string, string, string | null, readonly string[]])[];
  readonly variables: readonly (readonly [string, string, string | null, boolean])[];
  readonly branches: readonly string[];
}

/**
 * Reads what the last pass left. A state about another target, or that cannot be read, counts for nothing: the next pass then looks
 * at everything. So does one whose key is gone.
 *
 * @throws Problem `config_invalid` when the directory cannot be used
 */
export async function openStateFile(directory: string, target: string): Promise<StateFile> {
  const path = join(directory, 'state.json');
  const keyPath = join(directory, 'digest.key');
  await onDisk(directory, () => makeDirectory(directory, 0o700));
  const [text, keyText] = await onDisk(directory, () =>
    Promise.all([readFileIfThere(path), readFileIfThere(keyPath)]),
  );
  const known = keyText === null ? null : Buffer.from(keyText.trim(), 'base64');
  const digestKey = known?.length === 32 ? known : newDigestKey();
  if (digestKey !== known)
    await onDisk(directory, () => writeFileAtomically(keyPath, `${digestKey.toString('base64')}\n`));
  const stored = digestKey === known && text !== null ? storedOf(text) : null;
  const state = stored?.target === target ? stateOf(stored) : emptyState(target);
  return {
    digestKey,
    state,
    save: () => onDisk(directory, () => writeFileAtomically(path, JSON.stringify(toStore(state)))),
  };
}

function toStore({ target, fullCheckAtMs, accounts, variables, branches }: SyncState): Stored {
  return {
    version: 1,
    target,
    fullCheckAtMs,
    accounts: Array.from(accounts, ([key, { safe, name, revision, properties }]) => [
      key,
      safe,
      name,
      revision,
      properties,
    ]),
    variables: Array.from(variables, ([id, { account, digest, disabled }]) => [
      id,
      account,
      digest,
      disabled,
    ]),
    branches: [...branches],
  };
}

function stateOf({ target, fullCheckAtMs, accounts, variables, branches }: Stored): SyncState {
  return {
    target,
    fullCheckAtMs,
    accounts: new Map(
      accounts.map(([key, safe, name, revision, properties]) => [key, { safe, name, revision, properties }]),
    ),
    variables: new Map(
      variables.map(([id, account, digest, disabled]): [string, LeftVariable] => [
        id,
        { account, digest, disabled },
      ]),
    ),
    branches: new Set(branches),
  };
}

/** Written by nobody but us, so the version vouches for the rest. */
function storedOf(text: string): Stored | null {
  try {
    const value: Stored = JSON.parse(text);
    return value.version === 1 ? value : null;
  } catch {
    return null;
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
