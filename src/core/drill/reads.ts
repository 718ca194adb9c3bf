import type { Bounds } from './bounds.ts';
import type { FaultSpan } from './history.ts';
import type { Lane } from './lanes.ts';
import { acknowledged, forceOf, type Overwriter, overwriters } from './overwriters.ts';
import type { Register, Seen } from './registers.ts';
import { turnings } from './turnings.ts';
import type { Violation } from './verdict.ts';
import { seconds, through, versionText, when } from './words.ts';

/**
 * Reads that no order of the writes can explain.
 *
 * A write is in force for a master's lane when it was acknowledged, or when a master showed it: that shows only what a standby
 * has confirmed. A read that begins later must find it, or what came after it. For a follower's life, showing alone counts.
 * Which of two writes came after the other is told by their bounds; where these leave it open, reads that find one, then the
 * other, then the one again are as wrong. Together this is all there is for a register whose values are unique (P. Gibbons,
 * E. Korach, "Testing Shared Memories", 1997): nothing wrong passes, nothing right is accused. O(n log n).
 */
export function wrongReads(
  span: FaultSpan,
  register: Register,
  bounds: Bounds,
  lane: Lane,
): readonly Violation[] {
  const inForce = forceOf(register, lane);
  const byAcknowledgement = overwriters(bounds, lane.isMaster ? acknowledged(register) : []);
  const byForce = overwriters(bounds, inForce);
  const violations: Violation[] = [];
  const plausible: Seen[] = [];
  for (const seen of lane.reads) {
    const { startedAt } = seen.operation;
    const stale = byAcknowledgement(seen.version);
    const back = stale !== null && stale.since < startedAt ? stale : byForce(seen.version);
    if (back === null || back.since >= startedAt) plausible.push(seen);
    else
      violations.push(wrongRead(span, register.key, seen, back, lane.isMaster ? 'from a master' : 'there'));
  }
  return [...violations, ...turnings(span, register.key, inForce, plausible)];
}

function wrongRead(span: FaultSpan, key: string, seen: Seen, over: Overwriter, where: string): Violation {
  const { startedAt, way } = seen.operation;
  const overwritten = over.acknowledged ? 'had been acknowledged' : `had been read ${where}`;
  return {
    kind: over.acknowledged ? 'stale read on a master' : 'read that goes back',
    at: startedAt - span.beganAt,
    key,
    sentence:
      `A read of ${key} ${through(way)} began ${when(span, startedAt)} and found ${versionText(seen.version)}; ` +
      `version ${over.version}, which came after it, ${overwritten} ${seconds(startedAt - over.since)} earlier.`,
  };
}
