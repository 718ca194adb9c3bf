import type { Kinds, LifeOf } from './follower-lives.ts';
import type { Register, Seen } from './registers.ts';

/**
 * Reads of one key that must agree with one order of its writes, as it grows: all that a master answered, or what one follower
 * answered in one life.
 */
export interface Lane {
  readonly isMaster: boolean;
  readonly reads: readonly Seen[];
}

/** The lanes of a key. What a follower answered outside of its lives, or which of them answered, is nothing to go by. */
export function lanesOf(register: Register, kinds: Kinds, lifeOf: LifeOf): readonly Lane[] {
  const lanes = Map.groupBy(register.reads, ({ operation }) => {
    const { way } = operation;
    if (way.kind === 'followers') return null;
    const kind = way.kind === 'balancer' ? 'candidate' : kinds.get(way.node);
    if (kind === 'candidate') return 'master';
    return kind === 'follower' ? lifeOf(operation) : null;
  });
  return Array.from(lanes)
    .filter(([name]) => name !== null)
    .map(([name, reads]) => ({ isMaster: name === 'master', reads }));
}
