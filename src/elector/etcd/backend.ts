import type { ClusterStore } from '../../core/coordination/cluster-store.ts';
import type { CallOptions, ElectionBackend, SeenLock, WatchOptions } from '../../core/election/backend.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import { type ElectionKeys, electionKeys, type Positions, positionsOf, seenLockOf } from './entries.ts';
import { firstChange } from './first-change.ts';

export interface EtcdElection {
  /** A client of etcd, for this election alone: the backend closes it. */
  readonly store: ClusterStore;
  /** Where the election's keys lie: `/elections/web/`. */
  readonly prefix: string;
  /** Whole seconds; etcd may grant more. */
  readonly ttlSeconds: number;
}

/**
 * An election by leases of etcd: sessions are leases with a key each, the lock is a key bound to one of them. A third key,
 * bound to none, says who took the lock last; its revision is the fencing token, so tokens grow as long as the
 * store lives.
 *
 * @throws Problem `config_invalid` when the prefix does not end in a slash
 */
export function createEtcdBackend({ store, prefix, ttlSeconds }: EtcdElection): ElectionBackend {
  if (!/^.+\/$/u.test(prefix)) {
    throw new Problem(
      'config_invalid',
      `prefix: "${prefix}" does not end in a slash. Write it as /elections/NAME/.`,
    );
  }
  const keys = electionKeys(prefix);
  const look = async (options: CallOptions): Promise<SeenLock> =>
    seenLockOf(await store.read(prefix, options), keys);
  return {
    openSession: async (options) => {
      const lease = await store.grantLease(ttlSeconds, options);
      await store.txn(
        [],
        [{ kind: 'put', key: keys.session(lease.id), value: '', lease: lease.id }],
        options,
      );
      return { id: lease.id, ttlMs: lease.ttlSeconds * 1000 };
    },
    renewSession: async (id, options) =>
      (await store.keepAlive(id, options)) === 'lost' ? 'gone' : 'renewed',
    closeSession: (id, options) => store.revoke(id, options),
    acquire: async (id, seen, options) => {
      if (await take(store, keys, { id, at: positionsOf(seen) }, options)) return look(options);
      return 'gone';
    },
    release: async (id, options) => {
      await store.txn(
        [{ key: keys.lock, target: 'value', equals: id }],
        [
          { kind: 'delete', key: keys.lock },
          { kind: 'put', key: keys.last, value: '' },
        ],
        options,
      );
    },
    watch: (after, options) => watch(store, keys, after, options),
    close: () => store.close(),
  };
}

/** False: the session has ended. Whether the lock is ours is for a look to say. */
async function take(
  store: ClusterStore,
  keys: ElectionKeys,
  { id, at }: { readonly id: string; readonly at: Positions },
  options: CallOptions,
): Promise<boolean> {
  const isFree = at.holder === null;
  if (!isFree) return true;
  try {
    await store.txn(
      [
        { key: keys.lock, target: 'mod', equals: at.lockRevision },
        { key: keys.last, target: 'mod', equals: at.lastRevision },
      ],
      [
        { kind: 'put', key: keys.lock, value: id, lease: id },
        { kind: 'put', key: keys.last, value: id },
      ],
      options,
    );
    return true;
  } catch (error) {
    if (isProblem(error, 'store_rejected') && /lease not found/u.test(error.detail)) return false;
    throw error;
  }
}

async function watch(
  store: ClusterStore,
  keys: ElectionKeys,
  after: SeenLock | null,
  options: WatchOptions,
): Promise<SeenLock> {
  const { timeoutMs, waitMs, signal } = options;
  const endAt = performance.now() + waitMs;
  for (;;) {
    const snapshot = await store.read(keys.prefix, { timeoutMs, signal });
    const seen = seenLockOf(snapshot, keys);
    const leftMs = endAt - performance.now();
    if (after === null || seen.cursor !== after.cursor || leftMs <= 0) return seen;
    await firstChange(store, keys.prefix, { fromRevision: snapshot.revision + 1, waitMs: leftMs, signal });
  }
}
