import type { MemberReport } from './cluster-state.ts';
import { type ClusterContext, heldFor, type Verdict } from './context.ts';
import type { PromotionMemory } from './memory.ts';
import { gatherLimitMs, gatherWaitMs, soonMs } from './timing.ts';

interface GatherContext extends ClusterContext {
  readonly promotion: PromotionMemory;
}

/**
 * A standby that nobody confirmed may have received more than the winner. What it has more was acknowledged to nobody,
 * but it could not follow without a rewind: so the winner streams the rest from it first, where that is quick.
 */
export function gatherStep(c: GatherContext): Verdict | null {
  const { promotion } = c;
  const done: Partial<ClusterContext['memory']> = { promotion: { ...promotion, gather: 'done' } };
  const since = promotion.gatherSince ?? promotion.since;
  if (promotion.gather === 'streaming') return streamStep(c, since);
  if (wasHandedAll(c)) return { because: 'handed all there was', memory: done, wakeInMs: 0, again: true };
  const others = standbysBeside(c);
  const silent = others.filter((m) => m.detachedFor !== promotion.lockRevision);
  const richer = others.find((m) => m.detachedFor === promotion.lockRevision && hasMore(c, m));
  if (richer !== undefined && (silent.length === 0 || heldFor(c, since) >= gatherWaitMs)) {
    return {
      because: `fetching the rest of the log from ${richer.name}`,
      actions: [{ kind: 'follow', target: richer.name }],
      memory: { promotion: { ...promotion, gather: 'streaming', gatherSince: c.view.now } },
      wakeInMs: 5,
    };
  }
  if (silent.length > 0 && heldFor(c, since) < gatherWaitMs) {
    return { because: `asking ${silent.map((m) => m.name).join(', ')} how much they have`, wakeInMs: soonMs };
  }
  return { because: 'nobody has received more', memory: done, wakeInMs: 0, again: true };
}

/** A master that hands over stops in order: its log went to its standbys to the last byte before it ended. */
function wasHandedAll(c: GatherContext): boolean {
  const { released, sync } = c.cluster;
  return released.some((r) => r.term === sync.value.term && r.successor === c.view.self.name);
}

function streamStep(c: GatherContext, since: GatherContext['view']['now']): Verdict {
  const ahead = standbysBeside(c).some((m) => m.detachedFor === c.promotion.lockRevision && hasMore(c, m));
  if (ahead && heldFor(c, since) < gatherLimitMs) {
    return { because: 'fetching the rest of the log', wakeInMs: 5 };
  }
  // Leaving that source again is the ordinary detachment; its limit counts from now.
  return {
    because: ahead ? 'went on without the rest of the log' : 'fetched the rest of the log',
    actions: [{ kind: 'detach' }],
    memory: {
      promotion: { ...c.promotion, gather: 'done', detachedSince: null, gatherSince: c.view.now },
    },
    wakeInMs: 5,
  };
}

/** Live declared standbys other than this node and the master whose end this is. */
function standbysBeside(c: GatherContext): readonly MemberReport[] {
  const { name } = c.view.self;
  const declared = c.cluster.config.value.members.filter((m) => m.kind === 'standby');
  return declared
    .filter((m) => m.name !== name && m.name !== c.cluster.sync.value.master)
    .map((m) => c.cluster.members.get(m.name)?.value)
    .filter((m): m is MemberReport => m !== undefined && m.role === 'standby' && !m.marker);
}

function hasMore(c: GatherContext, other: MemberReport): boolean {
  return (['data', 'audit'] as const).some((i) => {
    const theirs = other.instances[i];
    const ours = c.view.instances[i];
    if (theirs === null || theirs.receivedLsn === null || ours.lsn === null) return false;
    return theirs.timeline === ours.timeline && theirs.receivedLsn > ours.lsn;
  });
}
