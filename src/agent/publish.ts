import { encodeRecord } from '../core/failover/codec.ts';
import type { MemberReport } from '../core/failover/cluster-state.ts';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import type { ClusterKeys } from '../core/failover/keys.ts';
import { isProblem } from '../core/problem.ts';
import type { Leases } from './leases.ts';

export interface PublishTarget {
  readonly store: ClusterStore;
  readonly keys: ClusterKeys;
  readonly leases: Leases;
}

/**
 * Writes this node's report beside the turns, one write at a time: at once when something changed that others act on,
 * else at most once a beat. A write that fails is made good by the next.
 */
export class Publisher {
  readonly #target: PublishTarget;
  #busy = false;
  #waiting: { readonly report: MemberReport; readonly ttlMs: number } | null = null;
  #lastText = '';
  #lastTtlMs = 0;
  #lastUrgent = '';
  #lastAt = 0;

  constructor(target: PublishTarget) {
    this.#target = target;
  }

  offer(report: MemberReport, options: { readonly ttlMs: number; readonly beatMs: number }): void {
    const urgent = urgentPart(report);
    const due = performance.now() - this.#lastAt >= options.beatMs;
    if (urgent === this.#lastUrgent && !due && this.#waiting === null) return;
    if (this.#busy) {
      this.#waiting = { report, ttlMs: options.ttlMs };
      return;
    }
    this.#lastUrgent = urgent;
    this.#lastAt = performance.now();
    void this.#write(report, options.ttlMs);
  }

  async #write(report: MemberReport, ttlMs: number): Promise<void> {
    this.#busy = true;
    const { store, keys, leases } = this.#target;
    const text = encodeRecord(report);
    const timeoutMs = Math.min(1000, ttlMs / 2);
    try {
      // The report first: somebody may wait for it. Its lease is renewed after.
      if (text !== this.#lastText || ttlMs !== this.#lastTtlMs) {
        const lease = await leases.forMember(ttlMs, timeoutMs);
        await store.txn([], [{ kind: 'put', key: keys.member(report.name), value: text, lease }], {
          timeoutMs,
        });
        this.#lastText = text;
        this.#lastTtlMs = ttlMs;
      }
      const [kept] = await Promise.all([leases.keepMember(timeoutMs), leases.keepLeader(timeoutMs)]);
      if (!kept) this.#lastText = '';
      if (report.kind === 'standby' && report.role === 'standby') await leases.keepLockReady(timeoutMs);
    } catch (error) {
      this.#lastText = '';
      if (isProblem(error, 'store_rejected')) leases.forgetMember(); // its lease is gone: the next report gets another
      if (!isProblem(error)) throw error; // the store's own refusals and silences are met by the next report
    } finally {
      this.#busy = false;
      const next = this.#waiting;
      this.#waiting = null;
      if (next !== null) void this.#write(next.report, next.ttlMs);
    }
  }
}

/** What others act on at once; positions alone wait for the beat. */
function urgentPart(report: MemberReport): string {
  const streaming = [report.instances.data?.streaming, report.instances.audit?.streaming];
  return JSON.stringify([
    report.role,
    report.because,
    report.detachedFor,
    report.marker,
    report.ailment,
    streaming,
  ]);
}
