/** When a leader whose passes come to nothing leaves the lead to others. */
export interface GivingWay {
  readonly termBegan: () => void;
  /**
   * @param isGood it went through, and something of the vault was read
   * @param nowMs of a monotonic clock
   * @returns whether to leave the lead now
   */
  readonly passEnded: (isGood: boolean, nowMs: number) => boolean;
}

/** So many passes in a row, of one term, */
const leastFailures = 3;
/** and for so long: what ails the vault or the server for a moment ails the others, too. */
const leastLeases = 2;
/** Twice as long after each time that it gave way, so often at most. */
const mostDoublings = 5;

/**
 * Its own disk, its configuration or its way to the vault may be what fails, and renewals know nothing of that. Where all fail, the lead
 * goes round: so each holds it twice as long as the time before, until a pass of its own is good.
 */
export function openGivingWay(leaseMs: number): GivingWay {
  let failures = 0;
  let failingSinceMs = 0;
  let times = 0;
  return {
    termBegan: () => {
      failures = 0;
    },
    passEnded: (isGood, nowMs) => {
      if (isGood) {
        failures = 0;
        times = 0;
        return false;
      }
      if (failures === 0) failingSinceMs = nowMs;
      failures += 1;
      const patienceMs = leastLeases * leaseMs * 2 ** Math.min(times, mostDoublings);
      if (failures < leastFailures || nowMs - failingSinceMs < patienceMs) return false;
      times += 1;
      return true;
    },
  };
}
