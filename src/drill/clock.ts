/** Milliseconds since the drill began, on the process's monotonic clock: the only one that a history is written by. */
export type DrillClock = () => number;

export function startClock(): DrillClock {
  const zero = performance.now();
  return () => performance.now() - zero;
}
