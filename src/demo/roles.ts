/** What a node is to somebody who looks from outside. */
export type DemoRole = 'master' | 'standby' | 'follower' | 'down';

/** The last that was heard of a node. */
export interface Observation {
  readonly role: DemoRole;
  /** When the question was sent, in milliseconds of a monotonic clock. */
  readonly askedAt: number;
  /** When the question was sent that it answered with this role itself. */
  readonly heardAt: number;
}

/**
 * The roles that observations of different ages add up to. Nodes are asked one by one, so after a change two may have
 * been seen as master: the one asked last is, and the other is none any more, whatever it has become.
 */
export function settleRoles(seen: ReadonlyMap<string, Observation>): ReadonlyMap<string, DemoRole> {
  let master: string | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  for (const [name, observation] of seen) {
    if (observation.role === 'master' && observation.askedAt > askedAt) {
      master = name;
      askedAt = observation.askedAt;
    }
  }
  return new Map(
    Array.from(seen, ([name, { role }]) => [name, role === 'master' && name !== master ? 'down' : role]),
  );
}

/** How long a standby that is between two roles, as during its promotion, counts as one still. Milliseconds. */
const betweenMs = 5_000;

/**
 * What is seen of a node by the body of its `/health` (null: no answer). A node that serves nobody is down; one that was a
 * standby a moment ago is being promoted.
 *
 * @param before what was seen of the same life of the node before, with the time since when it is so
 */
export function observationOf(body: unknown, askedAt: number, before: Observation | null): Observation {
  const role = typeof body === 'object' && body !== null && 'role' in body ? body.role : null;
  if (role === 'master' || role === 'standby' || role === 'follower')
    return { role, askedAt, heardAt: askedAt };
  const isBetween = role === 'starting' && before?.role === 'standby' && askedAt - before.heardAt < betweenMs;
  return { role: isBetween ? 'standby' : 'down', askedAt, heardAt: isBetween ? before.heardAt : askedAt };
}
