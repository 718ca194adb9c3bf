import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import { isProblem } from '../core/problem.ts';
import { lockTtlSeconds } from '../core/failover/timing.ts';

/** Long enough for any ttl that an operator may choose while the key stands. */
const leaderLeaseSeconds = 180;

/** One that was granted for a promotion which came to nothing is left behind after so long. */
const readyForMs = 60_000;

/** A promotion has the whole lease before it: one that is taken is hardly older than this. */
const lockAgeMs = 1000;

/** A lease and when it was granted or last renewed, on this process's monotonic clock. */
interface Lease {
  readonly id: string;
  readonly seconds: number;
  renewedAt: number;
}

/**
 * Leases of this node's keys. The leader key's is long: the beat decides, the lease only removes what nobody wrote for long.
 * They are renewed when they are due: in a failover reports follow each other quickly, and a renewal with each would be half
 * of all calls.
 */
export class Leases {
  readonly #store: ClusterStore;
  #leader: Lease | null = null;
  #nextLeader: Lease | null = null;
  #member: Lease | null = null;
  #lock: Lease | null = null;

  constructor(store: ClusterStore) {
    this.#store = store;
  }

  /** Has a lease for the promotion lock at hand, so that a takeover need not wait for one. */
  async keepLockReady(timeoutMs: number): Promise<void> {
    const ready = this.#lock;
    if (ready === null) {
      this.#lock = await this.#grant(lockTtlSeconds, timeoutMs);
    } else if ((await this.#renew(ready, timeoutMs, lockAgeMs)) === 'lost' && this.#lock === ready) {
      this.#lock = null;
    }
  }

  /** The lease for a promotion lock, each used once: a winner that hangs loses it. */
  async forLock(timeoutMs: number): Promise<string> {
    const ready = this.#lock;
    this.#lock = null;
    return (ready ?? (await this.#grant(lockTtlSeconds, timeoutMs))).id;
  }

  /** Has a lease for the leader key at hand when the promotion is done. That there is none is met when it is needed. */
  async keepLeaderReady(ttlMs: number, timeoutMs: number): Promise<void> {
    try {
      this.#nextLeader ??= await this.#grantLeader(ttlMs, timeoutMs);
    } catch (error) {
      if (!isProblem(error)) throw error;
    }
  }

  /** A new lease for the leader key, used once. */
  async forLeader(ttlMs: number, timeoutMs: number): Promise<string> {
    const ready = this.#nextLeader;
    this.#nextLeader = null;
    const isFresh = ready !== null && performance.now() - ready.renewedAt < readyForMs;
    const lease = isFresh ? ready : await this.#grantLeader(ttlMs, timeoutMs);
    this.#leader = lease;
    return lease.id;
  }

  #grantLeader(ttlMs: number, timeoutMs: number): Promise<Lease> {
    return this.#grant(Math.max(leaderLeaseSeconds, Math.ceil((ttlMs * 3) / 1000)), timeoutMs);
  }

  /** The lease of this node's report, made when there is none. */
  async forMember(ttlMs: number, timeoutMs: number): Promise<string> {
    const seconds = Math.max(2, Math.ceil(ttlMs / 1000));
    if (this.#member?.seconds !== seconds) this.#member = await this.#grant(seconds, timeoutMs);
    return this.#member.id;
  }

  /** Renews the leader key's lease. That it is lost shows in the key's absence: the beat fails then. */
  async keepLeader(timeoutMs: number): Promise<void> {
    const lease = this.#leader;
    if (lease === null) return;
    if ((await this.#renew(lease, timeoutMs)) === 'lost' && this.#leader === lease) this.#leader = null;
  }

  /** Renews the report's lease; false when it is lost, and the report with it. */
  async keepMember(timeoutMs: number): Promise<boolean> {
    if (this.#member === null) return false;
    if ((await this.#renew(this.#member, timeoutMs)) !== 'lost') return true;
    this.#member = null;
    return false;
  }

  /** The lease of the report is of no more use. */
  forgetMember(): void {
    this.#member = null;
  }

  /** Ends the report at once: this node is going. */
  async endMember(timeoutMs: number): Promise<void> {
    const lease = this.#member;
    this.#member = null;
    if (lease !== null) await this.#store.revoke(lease.id, { timeoutMs });
  }

  async #grant(seconds: number, timeoutMs: number): Promise<Lease> {
    const askedAt = performance.now();
    const { id } = await this.#store.grantLease(seconds, { timeoutMs });
    return { id, seconds, renewedAt: askedAt };
  }

  /** Renews what is due; what is not counts as kept. */
  async #renew(
    lease: Lease,
    timeoutMs: number,
    everyMs = (lease.seconds * 1000) / 3,
  ): Promise<'kept' | 'lost'> {
    const askedAt = performance.now();
    if (askedAt - lease.renewedAt < everyMs) return 'kept';
    if ((await this.#store.keepAlive(lease.id, { timeoutMs })) === 'lost') return 'lost';
    lease.renewedAt = askedAt;
    return 'kept';
  }
}
