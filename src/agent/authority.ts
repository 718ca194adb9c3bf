import { type Instant, isPast, plus } from '../core/clock.ts';
import { marginMs } from '../core/failover/timing.ts';
import { Problem } from '../core/problem.ts';
import { realClock } from '../runtime/real-clock.ts';
import type { GuardianLink } from './guardian-link.ts';

/** A call to the store gets at least this long, in milliseconds, however little authority is left. */
const shortestCallMs = 50;

/** Until when this master may act: counted from the send of the last beat that the store confirmed and the guardian knows. */
export class Authority {
  readonly #guardian: GuardianLink;
  #until: Instant | null = null;
  #lastBeatSentAt: Instant | null = null;
  /** Counts the times authority was dropped: what was under way before extends nothing after. */
  #drops = 0;

  constructor(guardian: GuardianLink) {
    this.#guardian = guardian;
  }

  get until(): Instant | null {
    return this.#until;
  }

  get lastBeatSentAt(): Instant | null {
    return this.#lastBeatSentAt;
  }

  /** `ms`, but no longer than authority lasts: whoever waits for an answer past the deadline is killed instead of fencing. */
  atMost(ms: number): number {
    if (this.#until === null) return ms;
    return Math.max(shortestCallMs, Math.min(ms, this.#until.mono - realClock.now().mono));
  }

  /**
   * The instant that a beat with this ttl counts from. A ttl that became shorter binds at once, before the store hears of
   * it: from then on others wait only that long.
   *
   * @throws Problem `guardian_silent` when the guardian did not take it
   */
  async beforeSend(ttlMs: number, leaderRevision: number, term: number): Promise<Instant> {
    const sentAt = realClock.now();
    this.#lastBeatSentAt = sentAt;
    const until = endOf(sentAt, ttlMs);
    if (this.#until !== null && until.mono < this.#until.mono) {
      this.#until = until;
      if (!(await this.#guardian.hold(until, leaderRevision, term))) {
        throw new Problem(
          'guardian_silent',
          'the guardian did not take the shorter deadline: no beat is sent',
        );
      }
    }
    return sentAt;
  }

  /** A beat that was sent at `sentAt` succeeded. The deadline moves only once the guardian has acknowledged it. */
  async extend(sentAt: Instant, ttlMs: number, leaderRevision: number, term: number): Promise<void> {
    const drops = this.#drops;
    const until = endOf(sentAt, ttlMs);
    if (isPast(until, realClock.now())) return;
    if (!(await this.#guardian.hold(until, leaderRevision, term)) || drops !== this.#drops) return;
    if (this.#until === null || until.mono > this.#until.mono) this.#until = until;
  }

  /** No authority any more. The guardian keeps its deadline: it stands behind a kill that does not come to its end. */
  drop(): void {
    this.#drops += 1;
    this.#until = null;
    this.#lastBeatSentAt = null;
  }

  /** Every process was seen dead: there is nothing left for the guardian to end. */
  settle(): void {
    if (this.#until === null) void this.#guardian.hold(null, null, 0);
  }
}

function endOf(sentAt: Instant, ttlMs: number): Instant {
  return plus(sentAt, ttlMs - marginMs(ttlMs));
}
