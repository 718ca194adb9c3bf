/** The end of one contender: it begins once, and is over after a bound, whatever Consul answers. */
export interface Ending {
  /** Aborted when it begins. */
  readonly signal: AbortSignal;
  readonly begin: () => void;
  /** How long something may still be waited for, in milliseconds; Infinity: it has not begun. */
  readonly leftMs: () => number;
}

/** @param boundMs from its beginning until nothing is waited for any more */
export function createEnding(boundMs: number, nowMs: () => number = () => performance.now()): Ending {
  const begun = new AbortController();
  let overAtMs = Infinity;
  return {
    signal: begun.signal,
    begin: () => {
      if (begun.signal.aborted) return;
      overAtMs = nowMs() + boundMs;
      begun.abort();
    },
    leftMs: () => Math.max(0, overAtMs - nowMs()),
  };
}
