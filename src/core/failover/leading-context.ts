import type { Serving } from './action.ts';
import { type ClusterContext, heldFor } from './context.ts';
import type { Leading } from './memory.ts';
import { lonelyHoldMs } from './timing.ts';

/** A node that holds the leader key. Every verdict carries a beat when one is due (see `decide`). */
export interface LeadingContext extends ClusterContext {
  readonly leading: Leading;
}

/** What clients are told while this node leads. */
export function servingAsLeader(c: Pick<LeadingContext, 'view' | 'memory' | 'leading'>): Serving {
  const { leading, memory } = c;
  const base = { replicationOpen: true, successor: null };
  if (!leading.confirmed || !leading.hadAuthority) return { ...base, role: 'starting', writes: 'closed' };
  const stage = memory.handOver?.stage;
  if (stage === 'hold') return { ...base, role: 'master', writes: 'held' };
  // Its databases end: reads too wait for the successor.
  if (stage === 'stop') return { ...base, role: 'starting', writes: 'held' };
  if (leading.lonelySince === null) return { ...base, role: 'master', writes: 'open' };
  const waiting = heldFor(c, leading.lonelySince) < lonelyHoldMs;
  return { ...base, role: 'master', writes: waiting ? 'held' : 'closed' };
}
