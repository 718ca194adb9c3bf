import type { InstanceName } from './cluster-state.ts';
import { type ClusterContext, heldFor } from './context.ts';
import { holdsEveryWrite } from './eligibility.ts';
import { isPrefix } from './lineage.ts';
import { sourceOf } from './replication-source.ts';

/**
 * A log that parted is rewound, once a term. Everything else is copied, with the old directory kept until the new one
 * streams: what a rewind did not help, what fits and finds no connection (its next piece of log is gone), and whatever may
 * be the last to hold every write, since a rewind that is interrupted leaves nothing.
 */
export function repair(
  c: ClusterContext,
  parted: boolean,
): { kind: 'rewind'; source: string } | { kind: 'copy'; source: string; keepOld: boolean } {
  const { leader, sync } = c.cluster;
  const source = sourceOf(c) ?? leader?.value.name ?? sync.value.master;
  const precious = holdsEveryWrite(c.view.self.name, sync.value);
  const tried = c.memory.rewoundFor === (leader?.value.term ?? -1);
  return parted && !precious && !tried ? { kind: 'rewind', source } : { kind: 'copy', source, keepOld: true };
}

export function fits(c: ClusterContext, name: InstanceName): boolean {
  const { leader } = c.cluster;
  const { timeline, lsn } = c.view.instances[name];
  if (leader === null || timeline === null || lsn === null) return true;
  return isPrefix({ timeline, lsn }, leader.value.lineage[name]);
}

export function beatsAreFresh(c: ClusterContext): boolean {
  const seen = c.memory.beatSeen;
  return seen !== null && heldFor(c, seen.since) < c.cluster.config.value.ttlMs / 2;
}
