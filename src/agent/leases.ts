import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import { isProblem } from '../core/problem.ts';
import { lockTtlSeconds } from '../core/failover/timing.ts';

/** Long enough for any ttl that an operator may choose while the key stands. */
const leaderLeaseSeconds = 180;

/** One that was granted for a promotion which came to nothing is left behind after so long. */
const readyForMs = 60_000;

/** Leases of this node's keys. The leader key's is long: the beat decides, the lease only removes what nobody wrote for long. */
export class Leases {
  readonly #store: ClusterStore;
  #leader: string | null = null;
  #nextLeader: { readonly id: string; readonly grantedAt: number } | null = null;
  #member: string | null = null;
  #lock: string | null = null;
  #memberTtlSeconds = 0;

  constructor(store: ClusterStore) {
    this.#store = store;
  }

  /** Has a lease for the promotion lock at hand, so that a takeover need not wait for one. */
  async keepLockReady(timeoutMs: number): Promise<void> {
    const ready = this.#lock;
    if (ready === null) {
      this.#lock = (await this.#store.grantLease(lockTtlSeconds, { timeoutMs })).id;
    } else if ((await this.#store.keepAlive(ready, { timeoutMs })) === 'lost' && this.#lock === ready) {
      this.#lock = null;
    }
  }

  /** The lease for a promotion lock, each used once: a winner that hangs loses it. */
  async forLock(timeoutMs: number): Promise<string> {
    const ready = this.#lock;
    this.#lock = null;
    return ready ?? (await this.#store.grantLease(lockTtlSeconds, { timeoutMs })).id;
  }

  /** Has a lease for the leader key at hand when the promotion is done. That there is none is met when it is needed. */
  async keepLeaderReady(ttlMs: number, timeoutMs: number): Promise<void> {
    try {
      this.#nextLeader ??= { id: await this.#grantLeader(ttlMs, timeoutMs), grantedAt: performance.now() };
    } catch (error) {
      if (!isProblem(error)) throw error;
    }
  }

  /** A new lease for the leader key, used once. */
  async forLeader(ttlMs: number, timeoutMs: number): Promise<string> {
    const ready = this.#nextLeader;
    this.#nextLeader = null;
    const isFresh = ready !== null && performance.now() - ready.grantedAt < readyForMs;
    const id = isFresh ? ready.id : await this.#grantLeader(ttlMs, timeoutMs);
    this.#leader = id;
    return id;
  }

  async #grantLeader(ttlMs: number, timeoutMs: number): Promise<string> {
    const seconds = Math.max(leaderLeaseSeconds, Math.ceil((ttlMs * 3) / 1000));
    return (await this.#store.grantLease(seconds, { timeoutMs })).id;
  }

  /** The lease of this node's report, made when there is none. */
  async forMember(ttlMs: number, timeoutMs: number): Promise<string> {
    const seconds = Math.max(2, Math.ceil(ttlMs / 1000));
    if (this.#member === null || this.#memberTtlSeconds !== seconds) {
      this.#memberTtlSeconds = seconds;
      this.#member = (await this.#store.grantLease(this.#memberTtlSeconds, { timeoutMs })).id;
    }
    return this.#member;
  }

  /** Renews the leader key's lease. That it is lost shows in the key's absence: the beat fails then. */
  async keepLeader(timeoutMs: number): Promise<void> {
    if (this.#leader === null) return;
    if ((await this.#store.keepAlive(this.#leader, { timeoutMs })) === 'lost') this.#leader = null;
  }

  /** Renews the report's lease; false when it is lost, and the report with it. */
  async keepMember(timeoutMs: number): Promise<boolean> {
    if (this.#member === null) return false;
    if ((await this.#store.keepAlive(this.#member, { timeoutMs })) !== 'lost') return true;
    this.#member = null;
    return false;
  }

  /** The lease of the report is of no more use. */
  forgetMember(): void {
    this.#member = null;
  }

  /** Ends the report at once: this node is going. */
  async endMember(timeoutMs: number): Promise<void> {
    const id = this.#member;
    this.#member = null;
    if (id !== null) await this.#store.revoke(id, { timeoutMs });
  }
}
