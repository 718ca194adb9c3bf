import { isProblem, Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import { readingOf } from '../source/reading-of.ts';
import type { ListedAccount, ListedSafe } from '../source/source.ts';
import { together } from '../source/together.ts';
import { describe } from './describe-secret.ts';
import { listKeys, type Walk } from './vault-walk.ts';

const deepest = 16;
/** So many secrets from all over a safe, none of which can be looked at, speak for the others. */
const mostUnreadable = 100;
/** What Vault says of one path; it may answer for others. */
const ofOnePath: readonly ProblemCode[] = [
  'body_too_large',
  'source_faulty',
  'source_forbidden',
  'source_refused',
  'source_unexpected',
];

/** What is named in a folder: a secret, or what nothing more can be said of. */
interface Found {
  readonly path: string;
  /** Why a folder cannot be listed; null: it is a secret. */
  readonly problem: Problem | null;
}

/**
 * The secrets of a folder. One that may not be read, or is answered for in a shape that says nothing, holds up no other: it is listed
 * with its fault, and so is a folder in it. Where nothing at all can be looked at, the safe was not read.
 *
 * @param loose the secrets of the safe without a name; null: it has one
 */
export async function listSafe(
  walk: Walk,
  safe: string,
  loose: readonly string[] | null,
): Promise<ListedSafe> {
  return {
    name: safe,
    accounts: await readingOf(async () => {
      const folder = safe === '' ? '' : `${safe}/`;
      const found = loose?.map((path) => ({ path, problem: null })) ?? (await secretsBelow(walk, folder, 1));
      const look = patientLook(folder);
      const looks = await together(
        walk.signal,
        spread(found).map((each) => (signal) => look({ ...walk, signal }, each)),
      );
      const fault = looks[0]?.fault;
      if (fault !== undefined && looks.every((account) => account?.fault !== undefined))
        throw new Problem('source_unexpected', fault);
      return looks.filter((account) => account !== null);
    }),
  };
}

/** A folder in it that cannot be listed stands for what lies in it. */
async function secretsBelow(walk: Walk, folder: string, depth: number): Promise<readonly Found[]> {
  if (depth > deepest)
    throw new Problem('source_refused', `${folder}: folders lie deeper than ${deepest} levels.`);
  const keys = await listKeys(walk, folder);
  const found = await together(
    walk.signal,
    keys.map((key) => async (signal): Promise<readonly Found[]> => {
      const path = `${folder}${key}`;
      if (!key.endsWith('/')) return [{ path, problem: null }];
      try {
        return await secretsBelow({ ...walk, signal }, path, depth + 1);
      } catch (error) {
        return [{ path, problem: ofOnePathAlone(error) }];
      }
    }),
  );
  return found.flat();
}

type Look = (walk: Walk, found: Found) => Promise<ListedAccount | null>;

/** Looks at one secret after the other, until it is clear that none can be looked at. */
function patientLook(folder: string): Look {
  let unreadable = 0;
  let isAnyRead = false;
  return async (walk, { path, problem }) => {
    const name = path.slice(folder.length);
    if (problem !== null) return unread(path, name, problem);
    try {
      const account = await describe(walk, path, name);
      isAnyRead = true;
      return account;
    } catch (error) {
      const fault = ofOnePathAlone(error);
      unreadable += 1;
      if (isAnyRead || unreadable < mostUnreadable) return unread(path, name, fault);
      const first = `None of ${mostUnreadable} secrets from all over it can be looked at`;
      throw new Problem('source_unexpected', `${first}: ${fault.detail}`);
    }
  };
}

function unread(path: string, name: string, problem: Problem): ListedAccount {
  const read = () => Promise.reject(problem);
  return { id: path, name, properties: [], revision: null, fault: problem.detail, read };
}

/** @throws the error itself when it says more than that about the vault */
function ofOnePathAlone(error: unknown): Problem {
  if (isProblem(error) && ofOnePath.includes(error.code)) return error;
  throw error;
}

/** All of them in another order: the first `mostUnreadable` come from everywhere, and not from one folder of the list. */
function spread<T>(items: readonly T[]): readonly T[] {
  const step = Math.ceil(items.length / mostUnreadable);
  return Array.from({ length: step }, (_, from) => items.filter((_item, at) => at % step === from)).flat();
}
