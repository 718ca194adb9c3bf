import type { StoreSnapshot } from '../../core/coordination/cluster-store.ts';
import type { SeenLock } from '../../core/election/backend.ts';
import { fencingToken } from '../../core/election/fencing-token.ts';

/** The keys of one election. */
export interface ElectionKeys {
  readonly prefix: string;
  readonly lock: string;
  /** Who took the lock last; empty once it was released. */
  readonly last: string;
  readonly sessions: string;
  readonly session: (id: string) => string;
}

export function electionKeys(prefix: string): ElectionKeys {
  const sessions = `${prefix}sessions/`;
  return {
    prefix,
    lock: `${prefix}lock`,
    last: `${prefix}last`,
    sessions,
    session: (id) => `${sessions}${id}`,
  };
}

/** The revisions by which a transaction knows the lock again. */
export interface Positions {
  readonly holder: string | null;
  readonly lockRevision: number;
  readonly lastRevision: number;
}

export function positionsOf({ holder, cursor }: SeenLock): Positions {
  const [lockRevision = 0, lastRevision = 0] = cursor.split('.').map(Number);
  return { holder, lockRevision, lastRevision };
}

/** The lock, from all entries of an election at one revision. */
export function seenLockOf({ entries }: StoreSnapshot, keys: ElectionKeys): SeenLock {
  const find = (key: string): (typeof entries)[number] | null =>
    entries.find((each) => each.key === key) ?? null;
  const lock = find(keys.lock);
  const last = find(keys.last);
  // What a stranger wrote into it is bound to no lease, or to another.
  const holder = lock !== null && lock.lease === lock.value ? lock.value : null;
  const taker = last?.value ?? '';
  // Its session lives, and it has not released: the lock was deleted, and it may not know.
  const isAlive = taker !== '' && find(keys.session(taker)) !== null;
  return {
    holder,
    token: fencingToken(last?.modRevision ?? 0, 0),
    isUnsettled: holder === null && (last === null || isAlive),
    cursor: `${lock?.modRevision ?? 0}.${last?.modRevision ?? 0}.${Number(isAlive)}`,
  };
}
