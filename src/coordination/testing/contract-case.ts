import type { ClusterStore, StoreEvent, WatchEnd } from '../../core/coordination/cluster-store.ts';

/** What the contract needs to know of the store it is held against. */
export interface StoreHarness {
  /** A connection of its own. The contract closes it. */
  readonly connect: () => Promise<ClusterStore>;
  /** Makes `ms` milliseconds pass where time is not real; else nothing: the contract awaits the event. */
  readonly pass: (ms: number) => void;
  /** Forgets the changes before a revision. */
  readonly compact: (revision: number) => Promise<void>;
}

/** One promise of the port, with a connection and a part of the key space of its own. */
export interface ContractCase {
  readonly name: string;
  readonly run: (store: ClusterStore, root: string, harness: StoreHarness) => Promise<void>;
}

export const bounds = { timeoutMs: 5000 } as const;

/** A watch whose events can be awaited. */
export function collect(
  store: ClusterStore,
  prefix: string,
  fromRevision: number,
): {
  readonly events: readonly StoreEvent[];
  readonly first: (count: number) => Promise<readonly StoreEvent[]>;
  readonly end: Promise<WatchEnd>;
  readonly stop: () => void;
} {
  const events: StoreEvent[] = [];
  const stopping = new AbortController();
  let wake = (): void => undefined;
  const end = new Promise<WatchEnd>((resolve) => {
    store.watch(prefix, {
      fromRevision,
      signal: stopping.signal,
      onEvents: (told) => {
        events.push(...told);
        wake();
      },
      onEnd: resolve,
    });
  });
  const first = (count: number): Promise<readonly StoreEvent[]> =>
    new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${events.length} of ${count} events came`)), 10_000);
      wake = () => {
        if (events.length < count) return;
        clearTimeout(late);
        resolve(events.slice(0, count));
      };
      wake();
    });
  return { events, first, end, stop: () => stopping.abort() };
}
