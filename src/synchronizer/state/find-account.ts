import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unescapeName } from '../../core/sync/names.ts';

/** An account all of whose values are in the target, as the last pass left it. */
export interface CarriedAccount {
  readonly lob: string;
  readonly safe: string;
  readonly name: string;
  readonly properties: readonly string[];
}

/**
 * The accounts of this name that have been carried over whole. Only lines that hold the name are decoded: a state may have hundreds of
 * thousands.
 */
export async function findAccounts(directory: string, name: string): Promise<readonly CarriedAccount[]> {
  const bytes = await readFile(join(directory, 'state.jsonl')).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const sought = Buffer.from(JSON.stringify(name));
  const found: CarriedAccount[] = [];
  for (let at = bytes.indexOf(sought); at !== -1; ) {
    const end = bytes.indexOf(0x0a, at);
    const begin = bytes.lastIndexOf(0x0a, at) + 1;
    const to = end === -1 ? bytes.length : end;
    const account = accountOf(bytes.toString('utf8', begin, to));
    if (account?.name === name) found.push(account);
    at = bytes.indexOf(sought, to);
  }
  return found;
}

/** A line that is about an account, as `linesOfState` writes it. */
function accountOf(line: string): CarriedAccount | null {
  if (!line.startsWith('["account",')) return null;
  const [, key, safe, name, , properties]: [string, string, string, string, string | null, string[]] =
    JSON.parse(line);
  return { lob: unescapeName(key.slice(0, key.indexOf('/'))) ?? '', safe, name, properties };
}
