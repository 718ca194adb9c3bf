import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isProblem, Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { readingOf } from '../source/reading-of.ts';
import type { ListedAccount, ListedLob, ListedSafe, SecretBytes, Source } from '../source/source.ts';

/** Names an account across renames of its directory; without it safe and name are the id. */
const idFile = '.id';
/** A server takes 1 MiB; one byte more is enough for it to say so. */
const valueLimitBytes = 1024 * 1024 + 1;

/** Faults of one entry, and not of the file system that it lies in. */
const ofOneEntry: readonly string[] = ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'];

/**
 * A directory `<line of business>/<safe>/<account>/<property>`; a file's bytes are the value. Names with a dot in front are passed over,
 * and what is no directory beside lines of business and safes.
 */
export function openDirectorySource(root: string): Source {
  return {
    list: async (only, _signal) => {
      const lobs = await readingOf(() => directoriesIn(root));
      if (!lobs.ok) throw new Problem('source_unavailable', lobs.fault);
      return Promise.all(lobs.value.map((name) => listLob(join(root, name), name, only)));
    },
    close: async () => undefined,
  };
}

async function listLob(path: string, name: string, only: readonly string[] | null): Promise<ListedLob> {
  return {
    name,
    safes: await readingOf(async () => {
      const safes = (await directoriesIn(path)).filter((safe) => only === null || only.includes(safe));
      return Promise.all(safes.map((safe) => listSafe(join(path, safe), safe)));
    }),
  };
}

async function listSafe(path: string, name: string): Promise<ListedSafe> {
  return {
    name,
    accounts: await readingOf(async () => {
      const accounts: ListedAccount[] = [];
      for (const account of await namesIn(path))
        accounts.push(await describe(join(path, account), name, account));
      return accounts;
    }),
  };
}

/** An account that cannot be read holds up no other in its safe. */
async function describe(path: string, safe: string, name: string): Promise<ListedAccount> {
  try {
    return await accountIn(path, safe, name);
  } catch (error) {
    if (!isProblem(error) || !isOfOneEntry(error)) throw error;
    const fault = error.detail;
    const read = () => Promise.reject(error);
    return { id: `${safe}/${name}`, name, properties: [], revision: null, fault, read };
  }
}

function isOfOneEntry({ code, cause }: Problem): boolean {
  if (code === 'source_refused' || code === 'body_too_large') return true;
  return cause instanceof Error && 'code' in cause && ofOneEntry.includes(String(cause.code));
}

async function accountIn(path: string, safe: string, name: string): Promise<ListedAccount> {
  const properties = await namesIn(path);
  const digest = createHash('sha256');
  for (const property of properties) {
    const { mtimeNs, ctimeNs, size, ino } = await onDisk(path, () =>
      stat(join(path, property), { bigint: true }),
    );
    digest.update(`${property}\0${mtimeNs}\0${ctimeNs}\0${size}\0${ino}\0`);
  }
  const id = await idIn(path);
  return {
    id: id ?? `${safe}/${name}`,
    name,
    properties,
    revision: digest.digest('base64url').slice(0, 22),
    read: async (signal) => {
      const values = new Map<string, SecretBytes>();
      for (const property of properties)
        values.set(property, new Secret(await bytesOf(join(path, property), signal)));
      return values;
    },
  };
}

async function idIn(path: string): Promise<string | null> {
  if (!(await onDisk(path, () => readdir(path))).includes(idFile)) return null;
  const bytes = await bytesOf(join(path, idFile), new AbortController().signal);
  return new TextDecoder().decode(bytes).trim() || null;
}

/** What is no file (a pipe, a device) is refused before it is read: reading it might never end. */
async function bytesOf(path: string, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  return onDisk(path, async () => {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new Problem('source_refused', `${path} is no file.`);
      if (status.size > valueLimitBytes)
        throw new Problem(
          'body_too_large',
          `${path} has ${status.size} bytes, more than a variable can hold.`,
        );
      return new Uint8Array(await file.readFile({ signal }));
    } finally {
      await file.close();
    }
  });
}

/** What cannot be looked at stays among them: listing it tells why. */
async function directoriesIn(path: string): Promise<readonly string[]> {
  const names = await namesIn(path);
  const isOne = await Promise.all(
    names.map((name) =>
      stat(join(path, name)).then(
        (found) => found.isDirectory(),
        () => true,
      ),
    ),
  );
  return names.filter((_, at) => isOne[at]);
}

async function namesIn(path: string): Promise<readonly string[]> {
  const names = await onDisk(path, () => readdir(path));
  return names.filter((name) => !name.startsWith('.')).sort();
}

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isProblem(error) || !(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
      throw error;
    if (error.code === 'ABORT_ERR') throw new Problem('interrupted', 'interrupted.');
    throw new Problem('source_unavailable', `${path} cannot be read (${error.code}).`, { cause: error });
  }
}
