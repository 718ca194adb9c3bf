import type { Sighting } from './history.ts';
import type { Moment } from './verdict.ts';

/**
 * A mastership as it was seen: looks at one node, one after the other, that all found a master of the same term. Nobody loses
 * mastership and has it again in the same term, so the node was master from `from`, when the first look was answered, to `to`,
 * when the last was sent. After a single look, `from` is the later of the two: it was master at some moment in between.
 */
export interface Claim {
  readonly node: string;
  readonly term: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Of all nodes, what they claimed to be, each in the order of time. Every look that finds something else ends a claim, silence
 * too; looks that tell no term tell nothing of what lay between.
 */
export function claimsOf(sightings: readonly Sighting[]): readonly Claim[] {
  const claims: Claim[] = [];
  for (const [node, looks] of Map.groupBy(sightings, (sighting) => sighting.node)) {
    let current: Claim | null = null;
    for (const { askedAt, answeredAt, says } of looks.toSorted((a, b) => a.askedAt - b.askedAt)) {
      const term: number | null = says?.role === 'master' ? says.term : null;
      if (current !== null && current.term !== term) {
        claims.push(current);
        current = null;
      }
      if (term !== null) {
        const from: number = current === null ? answeredAt : Math.min(current.from, answeredAt);
        current = { node, term, from, to: askedAt };
      }
    }
    if (current !== null) claims.push(current);
  }
  return claims;
}

/**
 * Moments in which two nodes surely called themselves master at once, times after `beganAt`. Of a claim that was seen once
 * the moment is the one in which it was asked for, and it counts where the other claim covers all of it.
 */
export function twoClaims(claims: readonly Claim[], beganAt: number): readonly Moment[] {
  const sorted = claims.toSorted((a, b) => Math.min(a.from, a.to) - Math.min(b.from, b.to));
  const moments: Moment[] = [];
  let open: Claim[] = [];
  for (const claim of sorted) {
    const since = Math.min(claim.from, claim.to);
    open = open.filter((other) => Math.max(other.from, other.to) >= since);
    for (const other of open) {
      if (other.node === claim.node || other.from > claim.to || claim.from > other.to) continue;
      const bounds = [Math.max(claim.from, other.from), Math.min(claim.to, other.to)];
      moments.push({
        from: Math.min(...bounds) - beganAt,
        to: Math.max(...bounds) - beganAt,
        nodes: [other.node, claim.node].sort(),
      });
    }
    open.push(claim);
  }
  return moments;
}
