/**
 * The cluster's shared memory: a small, linearizable key-value store with leases and watches, kept by a majority of the
 * nodes. Keys and values are UTF-8 text.
 *
 * How calls fail. Every call has a deadline in milliseconds, measured on the monotonic clock from the moment of the
 * call. It rejects with a Problem of one of three codes, and the difference is essential:
 * - `store_unavailable`: *refused*. The store has certainly not done it and never will.
 * - `store_unanswered`: it may have been done, or may still be done at any later time, or never.
 * - `store_rejected`: the store understood and said no (a lease that is gone, a revision compacted away, too large):
 *   certainly not done; the same call again will not help.
 */
export interface ClusterStore {
  /** Every entry whose key starts with `prefix` (one key: its full name, then look for it), linearizable. */
  readonly read: (prefix: string, options: ReadOptions) => Promise<StoreSnapshot>;

  /**
   * Does all of `writes` if all of `compare` hold, else nothing; one step for everybody. No key may be written twice.
   * Never sent twice. `store_unanswered` means what it says: the writes may appear long after this call has failed.
   */
  readonly txn: (
    compare: readonly Compare[],
    writes: readonly Write[],
    options: CallOptions,
  ) => Promise<TxnResult>;

  /** A new lease. The store may grant a longer time than asked: go by the answer. Unanswered leaves one that runs out. */
  readonly grantLease: (ttlSeconds: number, options: CallOptions) => Promise<Lease>;

  /** Renews a lease from now on. `lost`: it has run out or was revoked; its keys are gone, and no call brings it back. */
  readonly keepAlive: (
    leaseId: string,
    options: CallOptions,
  ) => Promise<{ readonly ttlSeconds: number } | 'lost'>;

  /** Ends a lease and deletes its keys. A lease that is gone already is no error. */
  readonly revoke: (leaseId: string, options: CallOptions) => Promise<void>;

  /**
   * Tells every change of keys under `prefix` from revision `fromRevision` (included) on, in order, each once, all
   * changes of one revision together. It resumes by itself after any interruption, and a silent connection is made anew
   * after a bounded time. A watch is a bell: it says that something changed, not that nothing did. `onEnd` comes once, last.
   */
  readonly watch: (prefix: string, options: WatchOptions) => void;

  /** Ends every watch, gives up every call under way (as unanswered where it had been sent) and every connection. */
  readonly close: () => void;
}

export interface StoreEntry {
  readonly key: string;
  readonly value: string;
  /** The store's revision at which the key last came into being. */
  readonly createRevision: number;
  /** The store's revision of the last write of this key, even one that wrote the same value. */
  readonly modRevision: number;
  /** Writes since the key came into being; 1 at first. */
  readonly version: number;
  readonly lease: string | null;
}

/** All entries, by key, as they stood together at `revision`. */
export interface StoreSnapshot {
  readonly revision: number;
  readonly entries: readonly StoreEntry[];
}

/**
 * One condition on one key. The revisions and the version of an absent key are 0, so `create equals 0` reads "absent".
 * `value` never holds for an absent key.
 */
export type Compare =
  | { readonly key: string; readonly target: 'create' | 'mod' | 'version'; readonly equals: number }
  | { readonly key: string; readonly target: 'value'; readonly equals: string };

export type Write =
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly lease?: string }
  | { readonly kind: 'delete'; readonly key: string };

export interface TxnResult {
  readonly succeeded: boolean;
  /** The store's revision: of the writes themselves where they changed anything. */
  readonly revision: number;
  /** When it did not succeed: the compared keys that exist, as they stood in that very step. Else empty. */
  readonly current: readonly StoreEntry[];
}

export interface Lease {
  readonly id: string;
  /** The time that was granted, in seconds. */
  readonly ttlSeconds: number;
}

export type StoreEvent =
  | { readonly kind: 'put'; readonly entry: StoreEntry }
  | { readonly kind: 'delete'; readonly key: string; readonly modRevision: number };

/** Why a watch is over. `compacted`: changes before `revision` can no longer be told one by one: read anew, then watch. */
export type WatchEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'compacted'; readonly revision: number }
  | { readonly kind: 'rejected'; readonly because: string };

export interface CallOptions {
  /** Milliseconds from the call until it fails, at the latest. */
  readonly timeoutMs: number;
}

export interface ReadOptions extends CallOptions {
  readonly signal?: CancelSignal;
}

export interface WatchOptions {
  readonly fromRevision: number;
  readonly signal: CancelSignal;
  readonly onEvents: (events: readonly StoreEvent[]) => void;
  readonly onEnd: (end: WatchEnd) => void;
}

/** The part of the platform's AbortSignal that a port may know. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly addEventListener: (type: 'abort', listener: () => void) => void;
  readonly removeEventListener: (type: 'abort', listener: () => void) => void;
}
