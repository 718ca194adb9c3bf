import {
  type Compare,
  type Lease,
  type StoreEntry,
  type StoreEvent,
  type StoreSnapshot,
  type TxnResult,
  type Write,
} from '../core/coordination/cluster-store.ts';
import { type Clock, elapsedForWaiter, type Instant } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';

interface HeldLease extends Lease {
  renewedAt: Instant;
}

/** What a store holds, in one place and in memory: entries, revisions, leases on a given clock, and the log of changes. */
export class MemoryState {
  readonly #clock: Clock;
  readonly #minTtlSeconds: number;
  readonly #entries = new Map<string, StoreEntry>();
  readonly #leases = new Map<string, HeldLease>();
  readonly #listeners = new Set<(events: readonly StoreEvent[]) => void>();
  #log: StoreEvent[] = [];
  #revision = 1;
  #compacted = 0;
  #leaseCount = 0;

  constructor(clock: Clock, minTtlSeconds: number) {
    this.#clock = clock;
    this.#minTtlSeconds = minTtlSeconds;
  }

  get revision(): number {
    return this.#revision;
  }

  read(prefix: string): StoreSnapshot {
    const entries = [...this.#entries.values()].filter((entry) => entry.key.startsWith(prefix));
    return { revision: this.#revision, entries: entries.sort(byKey) };
  }

  txn(compare: readonly Compare[], writes: readonly Write[]): TxnResult {
    if (!compare.every((condition) => this.#holds(condition))) {
      const keys = new Set(compare.map((condition) => condition.key));
      const current = [...keys].flatMap((key) => this.#entries.get(key) ?? []);
      return { succeeded: false, revision: this.#revision, current };
    }
    for (const write of writes) {
      if (write.kind === 'put' && write.lease !== undefined && !this.#leases.has(write.lease)) {
        throw new Problem('store_rejected', 'The cluster store refused the call: requested lease not found.');
      }
    }
    this.#apply(writes);
    return { succeeded: true, revision: this.#revision, current: [] };
  }

  grant(ttlSeconds: number): Lease {
    this.#leaseCount += 1;
    const lease = { id: String(this.#leaseCount), ttlSeconds: Math.max(ttlSeconds, this.#minTtlSeconds) };
    this.#leases.set(lease.id, { ...lease, renewedAt: this.#clock.now() });
    return lease;
  }

  renew(leaseId: string): { readonly ttlSeconds: number } | 'lost' {
    const lease = this.#leases.get(leaseId);
    if (lease === undefined) return 'lost';
    lease.renewedAt = this.#clock.now();
    return { ttlSeconds: lease.ttlSeconds };
  }

  revoke(leaseId: string): void {
    if (!this.#leases.delete(leaseId)) return;
    const keys = [...this.#entries.values()].filter((entry) => entry.lease === leaseId).sort(byKey);
    this.#apply(keys.map(({ key }) => ({ kind: 'delete', key })));
  }

  /** Ends every lease whose time is over. */
  expire(): void {
    const now = this.#clock.now();
    for (const lease of this.#leases.values()) {
      if (elapsedForWaiter(lease.renewedAt, now) >= lease.ttlSeconds * 1000) this.revoke(lease.id);
    }
  }

  /** As if the leader of the store had changed: every lease starts anew. */
  renewAllLeases(): void {
    for (const lease of this.#leases.values()) lease.renewedAt = this.#clock.now();
  }

  /** Forgets the changes before `revision`, as etcd does. */
  compact(revision: number): void {
    this.#compacted = Math.max(this.#compacted, Math.min(revision, this.#revision));
    this.#log = this.#log.filter((event) => revisionOf(event) >= this.#compacted);
  }

  /** Changes from a revision on, grouped by revision; the compacted revision when they are forgotten. */
  since(revision: number): readonly (readonly StoreEvent[])[] | number {
    if (revision < this.#compacted) return this.#compacted;
    const groups = new Map<number, StoreEvent[]>();
    for (const event of this.#log) {
      if (revisionOf(event) < revision) continue;
      groups.set(revisionOf(event), [...(groups.get(revisionOf(event)) ?? []), event]);
    }
    return [...groups.values()];
  }

  onChange(listener: (events: readonly StoreEvent[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #holds(condition: Compare): boolean {
    const entry = this.#entries.get(condition.key);
    if (condition.target === 'value') return entry?.value === condition.equals;
    const seen = {
      create: entry?.createRevision ?? 0,
      mod: entry?.modRevision ?? 0,
      version: entry?.version ?? 0,
    };
    return seen[condition.target] === condition.equals;
  }

  #apply(writes: readonly Write[]): void {
    const effective = writes.filter((write) => write.kind === 'put' || this.#entries.has(write.key));
    if (effective.length === 0) return;
    this.#revision += 1;
    const events = effective.map((write) => this.#write(write));
    this.#log.push(...events);
    for (const listener of this.#listeners) listener(events);
  }

  #write(write: Write): StoreEvent {
    if (write.kind === 'delete') {
      this.#entries.delete(write.key);
      return { kind: 'delete', key: write.key, modRevision: this.#revision };
    }
    const before = this.#entries.get(write.key);
    const entry: StoreEntry = {
      key: write.key,
      value: write.value,
      createRevision: before?.createRevision ?? this.#revision,
      modRevision: this.#revision,
      version: (before?.version ?? 0) + 1,
      lease: write.lease ?? null,
    };
    this.#entries.set(write.key, entry);
    return { kind: 'put', entry };
  }
}

function byKey(a: StoreEntry, b: StoreEntry): number {
  return Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
}

function revisionOf(event: StoreEvent): number {
  return event.kind === 'put' ? event.entry.modRevision : event.modRevision;
}
