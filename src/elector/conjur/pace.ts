import { randomInt } from 'node:crypto';

/** How a contender keeps out of the way of others that want to lead as well. */
export interface Pace {
  /** Not before, by the client's clock, with a moment left to chance: not all begin at once. */
  readonly notBeforeMs: () => number;
  /** For so long after somebody has cleared the way for itself, nobody else does: its second load is on the way. */
  readonly graceMs: () => number;
  /** A load took so long, others that it waited for included. */
  readonly loaded: (ms: number) => void;
  /** An attempt led nowhere. */
  readonly failed: () => void;
  readonly won: () => void;
}

const leastGraceMs = 1000;
/** Loads that a grace leaves room for: the second one of whoever was first, and others before it. */
const loadsPerGrace = 3;
/** Neither the wait after a failure nor the grace is longer than this part of a lease. */
const partOfLease = 3;

/**
 * The gap between the two loads of a take-over is as long as loads take. Where contenders try again sooner than that, they depose each
 * other before anyone has led. So the wait grows with each failed attempt, and with what loads were seen to take.
 *
 * @param firstMs the wait before a first attempt, at most; 0: there is none, and no back-off either
 * @param random below a whole number, without bias
 */
export function createPace(
  deps: { readonly firstMs: number; readonly leaseMs: number; readonly nowMs: () => number },
  random: (below: number) => number = randomInt,
): Pace {
  const { firstMs, leaseMs, nowMs } = deps;
  const mostMs = Math.floor(leaseMs / partOfLease);
  let loadMs = 0;
  let failures = 0;
  let restUntilMs = Number.NEGATIVE_INFINITY;
  return {
    notBeforeMs: () => Math.max(nowMs(), restUntilMs) + random(firstMs + 1),
    graceMs: () =>
      firstMs === 0 ? 0 : Math.min(mostMs, Math.max(leastGraceMs, Math.ceil(loadsPerGrace * loadMs))),
    loaded: (ms) => {
      loadMs = Math.max(ms, loadMs / 2);
    },
    failed: () => {
      failures += 1;
      const restMs = Math.min(mostMs, Math.ceil(firstMs * 2 ** Math.min(failures, 16) + loadMs));
      restUntilMs = firstMs === 0 ? restUntilMs : nowMs() + random(restMs + 1);
    },
    won: () => {
      failures = 0;
      restUntilMs = Number.NEGATIVE_INFINITY;
    },
  };
}
