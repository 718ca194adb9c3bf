import { elapsedForHolder } from '../core/clock.ts';
import { realClock } from '../runtime/real-clock.ts';

/**
 * Milliseconds for an election: they never go back, and go on while the machine is suspended, as the store's do.
 * Whichever of the machine's two clocks went further counts.
 */
export function createElectionClock(): () => number {
  let last = realClock.now();
  let nowMs = 0;
  return () => {
    const now = realClock.now();
    nowMs += Math.max(0, elapsedForHolder(last, now));
    last = now;
    return nowMs;
  };
}
