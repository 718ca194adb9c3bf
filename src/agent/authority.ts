import { type Instant, isPast, plus } from '../core/clock.ts';
import { marginMs } from '../core/failover/timing.ts';
import type { GuardianLink } from './guardian-link.ts';

/** Until when this master may act: counted from the send of the last beat that the store confirmed and the guardian knows. */
export class Authority {
  readonly #guardian: GuardianLink;
  #until: Instant | null = null;
  lastBeatSentAt: Instant | null = null;

  constructor(guardian: GuardianLink) {
    this.#guardian = guardian;
  }

  get until(): Instant | null {
    return this.#until;
  }

  /** A beat that was sent at `sentAt` succeeded. The deadline moves only once the guardian has acknowledged it. */
  async extend(sentAt: Instant, ttlMs: number, leaderRevision: number, term: number): Promise<void> {
    const until = plus(sentAt, ttlMs - marginMs(ttlMs));
    if (!(await this.#guardian.hold(until, leaderRevision, term))) return;
    if (this.#until === null || !isPast(until, this.#until)) this.#until = later(this.#until, until);
    else this.#until = until;
  }

  /** No authority any more. The guardian is told, and need not be waited for: its deadline only ends earlier things. */
  drop(): void {
    this.#until = null;
    this.lastBeatSentAt = null;
    void this.#guardian.hold(null, null, 0);
  }
}

function later(a: Instant | null, b: Instant): Instant {
  return a === null || b.mono > a.mono ? b : a;
}
