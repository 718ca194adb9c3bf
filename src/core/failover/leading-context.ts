import type { Serving } from './action.ts';
import { type ClusterContext, heldFor } from './context.ts';
import type { Leading } from './memory.ts';
import { candidatesBeside, isFit } from './eligibility.ts';
import { firstHoldMs, lonelyHoldMs } from './timing.ts';

/** A node that holds the leader key. Every verdict carries a beat when one is due (see `decide`). */
export interface LeadingContext extends ClusterContext {
  readonly leading: Leading;
}

/** What clients are told of a node that is about to lead: they may come already, and wait. */
export const aboutToLead: Serving = {
  role: 'starting',
  writes: 'held',
  replicationOpen: false,
  successor: null,
};

/** A moment after a promotion the first standby is about to be confirmed: who comes now need not be sent away. */
function awaitsFirstStandby(c: Pick<LeadingContext, 'view' | 'memory' | 'leading'>): boolean {
  const { cluster, self } = c.view;
  if (cluster === null || heldFor(c, c.leading.since) >= firstHoldMs) return false;
  // Who handed over to this node starts now, and is its first standby where there is nobody else.
  const handedOver = cluster.released.some(
    ({ term, successor }) => successor === self.name && term + 1 === c.leading.term,
  );
  return handedOver || candidatesBeside(self.name, cluster.config.value).some((name) => isFit(cluster, name));
}

/** What clients are told while this node leads. */
export function servingAsLeader(c: Pick<LeadingContext, 'view' | 'memory' | 'leading'>): Serving {
  const { leading, memory } = c;
  const base = { replicationOpen: true, successor: null };
  if (!leading.confirmed || !leading.hadAuthority) {
    return { ...base, role: 'starting', writes: awaitsFirstStandby(c) ? 'held' : 'closed' };
  }
  const stage = memory.handOver?.stage;
  if (stage === 'hold') return { ...base, role: 'master', writes: 'held' };
  // Its databases end: reads too wait for the successor.
  if (stage === 'stop') return { ...base, role: 'starting', writes: 'held' };
  if (leading.lonelySince === null) return { ...base, role: 'master', writes: 'open' };
  const waiting = heldFor(c, leading.lonelySince) < lonelyHoldMs;
  return { ...base, role: 'master', writes: waiting ? 'held' : 'closed' };
}
