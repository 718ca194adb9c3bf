import { tooFarAheadMs } from '../../core/election/conjur/expiration.ts';
import { serverNow } from '../../core/election/conjur/server-time.ts';
import type { ElectionBase } from './base.ts';

/** Compares each expiration with what a leader of this election's lease would write, and tells once that one lies further ahead. */
export function openLeaseComparison(base: ElectionBase): (expiration: string | null) => void {
  const { leaseMs, onLongerLease } = base.election;
  let hasTold = false;
  return (expiration) => {
    const known = base.serverTime();
    if (hasTold || known === null || onLongerLease === undefined) return;
    const aheadMs = tooFarAheadMs(expiration, serverNow(known, base.api.nowMs()), leaseMs);
    if (aheadMs === null) return;
    hasTold = true;
    onLongerLease(aheadMs);
  };
}
