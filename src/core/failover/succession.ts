import { both, type ClusterContext, heldFor, type Verdict } from './context.ts';
import { candidatesBeside, holdsEveryWrite, isFit } from './eligibility.ts';

import { soonMs, stepAsideMs } from './timing.ts';

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

/**
 * This node led until a moment ago, and those who follow it can do without it: another who holds every write is up, or leads
 * already with somebody else to become its first standby.
 */
export function othersManage(c: ClusterContext): boolean {
  const { steppedDown } = c.memory;
  if (steppedDown === null || heldFor(c, steppedDown) >= stepAsideMs) return false;
  const { leader, sync, config } = c.cluster;
  if (leader !== null) return sync.value.standbys.length === 0 && !successorNeedsUs(c);
  const others = candidatesBeside(sync.value.master, config.value);
  const able = (name: string): boolean => holdsEveryWrite(name, sync.value) && isFit(c.cluster, name);
  return others.length >= 2 && others.some((name) => name !== c.view.self.name && able(name));
}

/**
 * Points this node at the successor that the old master named, before that leads, so that it need not wait for its first
 * standby then. (It cannot have less than this node, so there is nothing to fetch from here.) Null when there is nothing to do.
 */
export function followSuccessor(c: ClusterContext, name: string): Verdict | null {
  const { members, released, sync } = c.cluster;
  const named = released.some((r) => r.term === sync.value.term && r.successor === name);
  const up = both(c.view.instances, (i) => i.state === 'running' && i.inRecovery);
  if (!named || !up || !members.has(name) || both(c.view.instances, (i) => i.primary === name)) return null;
  return {
    because: `${name} succeeds ${sync.value.master}: following it`,
    actions: [{ kind: 'follow', target: name }],
    serving: { role: 'standby' },
    wakeInMs: soonMs,
  };
}
