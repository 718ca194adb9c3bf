import type { ClusterContext } from './context.ts';
import { candidatesBeside, holdsEveryWrite } from './eligibility.ts';
import { isFit } from './sync-set.ts';

/** Nobody else who is up holds every acknowledged write: should the promotion come to nothing, this node is next. */
export function isLastHope(c: ClusterContext): boolean {
  const { leader, members, sync } = c.cluster;
  const holds = (name: string): boolean => holdsEveryWrite(name, sync.value);
  const { name: self } = c.view.self;
  return leader === null && holds(self) && ![...members.keys()].some((name) => name !== self && holds(name));
}

/** After a hand-over: the successor leads, and nobody but this node could become its first standby. */
export function successorNeedsUs(c: ClusterContext): boolean {
  const { leader, sync, config } = c.cluster;
  if (leader === null) return false;
  const others = candidatesBeside(leader.value.name, config.value).filter(
    (name) => name !== c.view.self.name,
  );
  return sync.value.standbys.length === 0 && !others.some((name) => isFit(c.cluster, name));
}
