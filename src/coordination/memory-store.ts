import { type Clock } from '../core/clock.ts';
import type {
  CancelSignal,
  ClusterStore,
  StoreEvent,
  WatchOptions,
} from '../core/coordination/cluster-store.ts';
import { Problem } from '../core/problem.ts';
import { checkKey, checkTtl, checkTxn } from './check-call.ts';
import { MemoryState } from './memory-state.ts';

export interface MemoryStoreOptions {
  /** Leases run on it. */
  readonly clock: Clock;
  /** The shortest lease that is granted; etcd at an election timeout of 500 ms grants 1 s. */
  readonly minTtlSeconds?: number;
  /** How far the log of changes reaches back, in revisions; unbounded when absent (a simulation is short). */
  readonly keepRevisions?: number;
}

/** A call on its way to the store. */
export interface MemoryCall {
  readonly kind: 'read' | 'txn' | 'grantLease' | 'keepAlive' | 'revoke';
  /** Carries the call out in the store. At most once; it may come long after the call was given up. */
  readonly deliver: () => void;
}

/**
 * What lies between one client and the store: it decides whether and when `deliver` is called, and what the client
 * hears. `unanswered` with a later `deliver` is the compare-and-swap that is applied after its time; an `answered` must
 * have delivered.
 */
export type MemoryLink = (
  call: MemoryCall,
) => 'answered' | 'unanswered' | 'refused' | Promise<'answered' | 'unanswered' | 'refused'>;

/** The cluster store in memory, for simulations and tests. It answers in microtasks, in order, without timers. */
export interface MemoryStore {
  /** A client of its own, behind `link` where one is given. */
  readonly connect: (link?: MemoryLink) => ClusterStore;
  /** Ends the leases whose time is over. Every call does so first; call it after moving the clock to ring the watches. */
  readonly tick: () => void;
  readonly state: MemoryState;
}

export function createMemoryStore(options: MemoryStoreOptions): MemoryStore {
  const state = new MemoryState(options.clock, options.minTtlSeconds ?? 1);
  if (options.keepRevisions !== undefined) {
    const keep = options.keepRevisions;
    state.onChange(() => state.compact(state.revision - keep));
  }
  return { connect: (link = direct) => connect(state, link), tick: () => state.expire(), state };
}

const direct: MemoryLink = (call) => {
  call.deliver();
  return 'answered';
};

function connect(state: MemoryState, link: MemoryLink): ClusterStore {
  const closing = new AbortController();
  const send = async <T>(kind: MemoryCall['kind'], action: () => T, signal?: CancelSignal): Promise<T> => {
    if (closing.signal.aborted)
      throw new Problem('store_unavailable', 'The connection to the store is closed.');
    if (signal?.aborted === true)
      throw new Problem('store_unavailable', 'The call to the store was given up.');
    let outcome: { readonly value: T } | { readonly error: unknown } | null = null;
    const deliver = (): void => {
      if (outcome !== null) throw new Error('a call was delivered twice');
      state.expire();
      outcome = settle(action);
    };
    const heard = await link({ kind, deliver });
    return listen(heard, outcome);
  };
  return {
    read: async (prefix, { signal }) => {
      checkKey(prefix);
      return send('read', () => state.read(prefix), signal);
    },
    txn: async (compare, writes) => {
      checkTxn(compare, writes);
      return send('txn', () => state.txn(compare, writes));
    },
    grantLease: async (ttlSeconds) => {
      checkTtl(ttlSeconds);
      return send('grantLease', () => state.grant(ttlSeconds));
    },
    keepAlive: async (leaseId) => send('keepAlive', () => state.renew(leaseId)),
    revoke: async (leaseId) => send('revoke', () => state.revoke(leaseId)),
    watch: (prefix, watch) => {
      checkKey(prefix);
      startWatch(state, prefix, watch, closing.signal);
    },
    close: () => closing.abort(),
  };
}

function settle<T>(action: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: action() };
  } catch (error) {
    return { error };
  }
}

function listen<T>(
  heard: 'answered' | 'unanswered' | 'refused',
  outcome: { readonly value: T } | { readonly error: unknown } | null,
): T {
  if (heard === 'refused') throw new Problem('store_unavailable', 'The store did not take the call.');
  if (heard === 'unanswered') {
    throw new Problem('store_unanswered', 'The store did not answer. The call may still take effect.');
  }
  if (outcome === null) throw new Error('a link answered a call that it had not delivered');
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** Events are told in microtasks after the change, never within it, as they come from a real store. */
function startWatch(state: MemoryState, prefix: string, options: WatchOptions, closing: AbortSignal): void {
  const concerns = (event: StoreEvent): boolean =>
    (event.kind === 'put' ? event.entry.key : event.key).startsWith(prefix) &&
    revisionOf(event) >= options.fromRevision;
  let ended = false;
  const tell = (events: readonly StoreEvent[]): void => {
    const told = events.filter(concerns);
    if (told.length > 0) queueMicrotask(() => ended || options.onEvents(told));
  };
  const past = state.since(options.fromRevision);
  if (typeof past === 'number') {
    queueMicrotask(() => options.onEnd({ kind: 'compacted', revision: past }));
    return;
  }
  for (const group of past) tell(group);
  const leave = state.onChange(tell);
  const stop = (): void => {
    if (ended) return;
    ended = true;
    leave();
    options.signal.removeEventListener('abort', stop);
    closing.removeEventListener('abort', stop);
    queueMicrotask(() => options.onEnd({ kind: 'stopped' }));
  };
  options.signal.addEventListener('abort', stop);
  closing.addEventListener('abort', stop);
  if (options.signal.aborted || closing.aborted) stop();
}

function revisionOf(event: StoreEvent): number {
  return event.kind === 'put' ? event.entry.modRevision : event.modRevision;
}
