import type { Compare, Write } from '../../coordination/cluster-store.ts';
import type { ClusterConfig, ClusterState, MemberReport, Stored, SyncRecord } from '../cluster-state.ts';
import { decodeRecord } from '../codec.ts';
import { clusterKeys } from '../keys.ts';
import type { Transaction } from '../transactions.ts';

export const keys: ReturnType<typeof clusterKeys> = clusterKeys('model');

interface Entry extends Stored<object> {
  readonly lease: number | null;
}

/**
 * The store as one value at one revision, with transactions and leases. It is synchronous: what lies between a node and
 * the store (delay, loss, a late delivery) is the world's business.
 */
export class ModelStore {
  #entries = new Map<string, Entry>();
  #revision = 1;
  #leases = new Set<number>();
  #lastLease = 0;
  #state: ClusterState | null = null;
  readonly #onChange: (key: string) => void;

  constructor(config: ClusterConfig, sync: SyncRecord, onChange: (key: string) => void) {
    this.#put(keys.config, config, null);
    this.#put(keys.sync, sync, null);
    this.#onChange = onChange;
  }

  get state(): ClusterState {
    this.#state ??= this.#snapshot();
    return this.#state;
  }

  grant(): number {
    this.#lastLease += 1;
    this.#leases.add(this.#lastLease);
    return this.#lastLease;
  }

  /** The lease is over, and its keys are gone. */
  expire(lease: number): void {
    this.#leases.delete(lease);
    for (const [key, entry] of this.#entries) {
      if (entry.lease === lease) this.#apply([{ kind: 'delete', key }]);
    }
  }

  /** The revision of a success, or null. */
  txn({ compare, writes }: Transaction): number | null {
    if (!compare.every((condition) => this.#holds(condition))) return null;
    const dead = (w: Write): boolean =>
      w.kind === 'put' && w.lease !== undefined && !this.#leases.has(Number(w.lease));
    if (writes.some(dead)) return null;
    this.#apply(writes);
    return this.#revision;
  }

  /** A member's report is put as it is: nothing compares it, and there are many. */
  report(report: MemberReport, loud: boolean): void {
    this.#revision += 1;
    this.#put(keys.member(report.name), report, null);
    if (loud) this.#onChange(keys.member(report.name));
  }

  forget(key: string): void {
    this.#apply([{ kind: 'delete', key }]);
  }

  #holds({ key, target, equals }: Compare): boolean {
    const entry = this.#entries.get(key);
    return ((target === 'create' ? entry?.createRevision : entry?.modRevision) ?? 0) === equals;
  }

  #apply(writes: readonly Write[]): void {
    const effective = writes.filter((write) => write.kind === 'put' || this.#entries.has(write.key));
    if (effective.length === 0) return;
    this.#revision += 1;
    for (const write of effective) {
      if (write.kind === 'delete') this.#entries.delete(write.key);
      else
        this.#put(
          write.key,
          decodeRecord(write.value) ?? {},
          write.lease === undefined ? null : Number(write.lease),
        );
    }
    this.#state = null;
    for (const write of effective) this.#onChange(write.key);
  }

  #put(key: string, value: object, lease: number | null): void {
    const createRevision = this.#entries.get(key)?.createRevision ?? this.#revision;
    this.#entries.set(key, { value, lease, createRevision, modRevision: this.#revision });
    this.#state = null;
  }

  #snapshot(): ClusterState {
    const one = <T>(key: string): Stored<T> | null =>
      (this.#entries.get(key) as Stored<T> | undefined) ?? null;
    const all = <T>(prefix: string): [string, Stored<T>][] => {
      const found: [string, Stored<T>][] = [];
      for (const [key, entry] of this.#entries) {
        if (key.startsWith(prefix))
          found.push([key.slice(prefix.length), entry as Stored<object> as Stored<T>]);
      }
      return found;
    };
    const config = one<ClusterConfig>(keys.config);
    const sync = one<SyncRecord>(keys.sync);
    if (config === null || sync === null) throw new Error('the model store was never initialised');
    return {
      revision: this.#revision,
      config,
      sync,
      leader: one(keys.leader),
      beat: one(keys.beat),
      promotion: one(keys.promotion),
      switchover: one(keys.switchover),
      forced: one(keys.forced),
      released: all<ClusterState['released'][number]>(`${keys.prefix}released/`).map(([, r]) => r.value),
      history: all<ClusterState['history'][number]['value']>(`${keys.prefix}history/`).map(([, r]) => r),
      evicted: new Map(all(`${keys.prefix}evicted/`)),
      members: new Map(all(`${keys.prefix}members/`)),
    };
  }
}
