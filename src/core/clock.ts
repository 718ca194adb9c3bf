/**
 * Two monotonic clocks of one machine, in milliseconds since its boot. `mono` stops while the machine is suspended,
 * `boot` goes on. Values can be compared between processes of one machine, never between machines or boots. The wall
 * clock decides nothing anywhere.
 */
export interface Instant {
  readonly mono: number;
  readonly boot: number;
}

/** Where time comes from. */
export interface Clock {
  readonly now: () => Instant;
}

/** Milliseconds from `from` to `to` for one who holds authority: the larger clock, so suspend counts against it. */
export function elapsedForHolder(from: Instant, to: Instant): number {
  return Math.max(to.mono - from.mono, to.boot - from.boot);
}

/** Milliseconds from `from` to `to` for one who waits to take over: the smaller clock, so no jump makes it early. */
export function elapsedForWaiter(from: Instant, to: Instant): number {
  return Math.min(to.mono - from.mono, to.boot - from.boot);
}

/** `instant` moved by `ms`. */
export function plus(instant: Instant, ms: number): Instant {
  return { mono: instant.mono + ms, boot: instant.boot + ms };
}

/** Whether a deadline has passed on either clock. */
export function isPast(deadline: Instant, now: Instant): boolean {
  return now.mono >= deadline.mono || now.boot >= deadline.boot;
}
