/** The durations of one election, in milliseconds. All contenders must have the same TTL. */
export interface ElectionTiming {
  /** A session is renewed so long after the last renewal was sent. */
  readonly renewEveryMs: number;
  /** Authority ends so long before the session could: room for the task to be told and to stop. */
  readonly marginMs: number;
  /** The bound of one call. */
  readonly callMs: number;
  /** After a failure, before the next attempt. */
  readonly retryMs: number;
  /** Who stepped down leaves the lock to others for so long. */
  readonly standBackMs: number;
  /** From the wish to stop until it is done, whatever the store answers; what the task may take to stop included. */
  readonly stopMs: number;
}

/** At least so long is left between a renewal and the end of authority, or an election cannot hold. */
const callFloorMs = 100;

/**
 * Durations from the two that people choose.
 *
 * @param ttlMs the session's TTL
 * @param renewEveryMs must be below `ttlMs - marginMs`: `timingFault` tells
 * @param taskStopMs how long the task may take to stop: it is added to the margin
 */
export function electionTiming(ttlMs: number, renewEveryMs: number, taskStopMs = 0): ElectionTiming {
  const marginMs = Math.max(100, Math.min(1000, ttlMs / 10)) + taskStopMs;
  const spareMs = ttlMs - marginMs - renewEveryMs;
  const callMs = Math.max(callFloorMs, Math.min(5000, spareMs / 2));
  return {
    renewEveryMs,
    marginMs,
    callMs,
    retryMs: Math.max(50, Math.min(1000, spareMs / 8)),
    standBackMs: ttlMs,
    stopMs: stopBaseMs(ttlMs) + taskStopMs,
  };
}

/** What the store may take in the end, besides the task: to clear the marks of the leader, and to give lock and session up. */
export function stopBaseMs(ttlMs: number): number {
  return Math.max(1000, Math.min(5000, ttlMs / 3));
}

/** Whether a leader that misses no renewal stays leader: null, or the milliseconds that the period must stay below. */
export function renewalBoundMs(ttlMs: number, timing: ElectionTiming): number | null {
  const boundMs = ttlMs - timing.marginMs - 2 * callFloorMs;
  return timing.renewEveryMs < boundMs ? null : boundMs;
}

/**
 * How long a watch of the lock waits. A leader's answers also prove, from the moment each was asked for, that the lock is
 * still its own: two of them in a row fit into its authority, Consul's sixteenth of jitter included.
 */
export function watchMs(ttlMs: number, timing: ElectionTiming, isLeading: boolean): number {
  return isLeading ? Math.floor((ttlMs - timing.marginMs) / 3) : Math.max(1000, timing.renewEveryMs);
}
