import type { Clock } from '../core/clock.ts';
import { realClock } from '../runtime/real-clock.ts';

/** How much the reading of the boot clock may lag behind: it comes in steps of 10 ms, or of whole seconds. */
const [fineStepMs, coarseStepMs] = [10, 1000];

/**
 * Milliseconds for an election: they never go back, and go on while the machine is suspended, as the store's do.
 *
 * The monotonic clock counts. What the boot clock is ahead of it, by more than its steps explain, is time suspended: a step
 * by itself is none, however often the clock is read, and would make whoever waits early.
 */
export function createElectionClock(clock: Clock = realClock): () => number {
  const origin = clock.now();
  let isCoarse = Number.isInteger(origin.boot / coarseStepMs);
  let suspendedMs = 0;
  return () => {
    const { mono, boot } = clock.now();
    isCoarse &&= Number.isInteger(boot / coarseStepMs);
    const aheadMs = boot - origin.boot - (mono - origin.mono);
    if (aheadMs > suspendedMs + 2 * (isCoarse ? coarseStepMs : fineStepMs)) suspendedMs = aheadMs;
    return mono - origin.mono + suspendedMs;
  };
}
