import { Problem } from '../../core/problem.ts';
import { limited } from '../../runtime/limited.ts';
import { readingOf } from '../source/reading-of.ts';
import type { ListedAccount, ListedLob, ListedSafe, Source } from '../source/source.ts';
import { textBytes } from '../source/text-bytes.ts';
import type { WebApi, WebRequest } from '../web/web-api.ts';
import { together } from '../source/together.ts';
import type { WebSession } from '../web/web-session.ts';
import { openVaultSession, type VaultAuth } from './vault-session.ts';
import { readKeys, readMissing, readSubkeys, readValues } from './vault-shapes.ts';
import { encodedPath } from './encoded-path.ts';

export interface VaultLob {
  readonly name: string;
  /** The mount of a KV engine, version 2. */
  readonly mount: string;
  readonly namespace: string | null;
  readonly auth: VaultAuth;
}

export interface VaultSettings {
  readonly api: WebApi;
  readonly linesOfBusiness: readonly VaultLob[];
  readonly concurrency: number;
}

interface Walk {
  readonly session: WebSession;
  readonly mount: string;
  readonly inTurn: ReturnType<typeof limited>;
  readonly signal: AbortSignal;
}

const deepest = 16;
const mostWaiting = 1_000_000;

/**
 * Secrets of HashiCorp Vault or OpenBao (KV version 2). A line of business is a mount; a safe is a folder of its first level
 * (secrets outside of any folder are in the safe without a name); an account is a secret, called by its path below the folder;
 * its fields are the properties. The engine has no ids that outlive a move, so a secret under another path is another account.
 */
export function openVaultSource({ api, linesOfBusiness, concurrency }: VaultSettings): Source {
  const inTurn = limited(
    concurrency,
    mostWaiting,
    () => new Problem('source_unavailable', 'too much waits for the vault.'),
  );
  const lobs = linesOfBusiness.map((lob) => ({
    ...lob,
    session: openVaultSession(api, lob.auth, lob.namespace),
  }));
  const listLob = async (
    { name, mount, session }: (typeof lobs)[number],
    only: readonly string[] | null,
    signal: AbortSignal,
  ): Promise<ListedLob> => ({
    name,
    safes: await readingOf(async () => {
      const walk: Walk = { session, mount, inTurn, signal };
      const keys = await listKeys(walk, '');
      const folders = keys.filter((key) => key.endsWith('/')).map((key) => key.slice(0, -1));
      const loose = keys.filter((key) => !key.endsWith('/'));
      const safes = [...folders, ...(loose.length > 0 ? [''] : [])].filter(
        (safe) => only === null || only.includes(safe),
      );
      return together(
        signal,
        safes.map(
          (safe) => (asked) => listSafe({ ...walk, signal: asked }, safe, safe === '' ? loose : null),
        ),
      );
    }),
  });
  return {
    list: (only, signal) =>
      together(
        signal,
        lobs.map((lob) => (each) => listLob(lob, only, each)),
      ),
    close: async () => {
      await Promise.all(lobs.map(({ session }) => session.close()));
    },
  };
}

/** @param loose the secrets of the safe without a name */
async function listSafe(walk: Walk, safe: string, loose: readonly string[] | null): Promise<ListedSafe> {
  return {
    name: safe,
    accounts: await readingOf(async () => {
      const folder = safe === '' ? '' : `${safe}/`;
      const paths = loose ?? (await secretsBelow(walk, folder, 1));
      const accounts = await together(
        walk.signal,
        paths.map((path) => (signal) => describe({ ...walk, signal }, path, path.slice(folder.length))),
      );
      return accounts.filter((account) => account !== null);
    }),
  };
}

async function secretsBelow(walk: Walk, folder: string, depth: number): Promise<readonly string[]> {
  if (depth > deepest)
    throw new Problem('source_refused', `${folder}: folders lie deeper than ${deepest} levels.`);
  const keys = await listKeys(walk, folder);
  const found = await together(
    walk.signal,
    keys.map((key) => async (signal): Promise<readonly string[]> => {
      const path = `${folder}${key}`;
      return key.endsWith('/') ? secretsBelow({ ...walk, signal }, path, depth + 1) : [path];
    }),
  );
  return found.flat();
}

/**
 * A folder that is not there has no keys: Vault answers 404 for it. Only the mount itself may be without any: a folder that was named
 * a moment ago has been taken away, or may not be seen, and what lies in it must not pass for removed.
 */
async function listKeys(walk: Walk, folder: string): Promise<readonly string[]> {
  const attempt = `list ${walk.mount}/${folder}`;
  const path = `/v1/${encodedPath(walk.mount)}/metadata/${encodedPath(folder)}?list=true`;
  const answer = await ask(walk, { attempt, path, expected: [404] });
  if (answer.status !== 404) return readKeys(answer.json, attempt);
  readMissing(answer.json, attempt, 'folder');
  if (folder === '') return [];
  throw new Problem(
    'source_unexpected',
    `Cannot ${attempt}: the folder is named where it lies, and is not there.`,
  );
}

/** An account without its values; null for a secret whose newest version was deleted. */
async function describe(walk: Walk, path: string, name: string): Promise<ListedAccount | null> {
  const attempt = `look at ${walk.mount}/${path}`;
  const answer = await ask(walk, {
    attempt,
    path: `/v1/${encodedPath(walk.mount)}/subkeys/${encodedPath(path)}?depth=1`,
    expected: [404],
    ofOne: true,
  });
  if (answer.status === 404) {
    readMissing(answer.json, attempt, 'secret');
    return null;
  }
  const { names, revision } = readSubkeys(answer.json, attempt);
  return {
    id: path,
    name,
    properties: names,
    revision,
    read: async (signal) => {
      const reading = `read ${walk.mount}/${path}`;
      const got = await ask(
        { ...walk, signal },
        {
          attempt: reading,
          ofOne: true,
          path: `/v1/${encodedPath(walk.mount)}/data/${encodedPath(path)}`,
          exactNumbers: true,
        },
      );
      return new Map(
        Array.from(readValues(got.json, reading), ([field, text]) => [field, textBytes(field, text)]),
      );
    },
  };
}

function ask(
  { session, inTurn, signal }: Walk,
  request: Pick<WebRequest, 'attempt' | 'path' | 'expected' | 'ofOne' | 'exactNumbers'>,
) {
  return inTurn(() => session.call({ method: 'GET', ...request }, signal));
}
