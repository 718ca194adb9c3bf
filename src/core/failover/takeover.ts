import { isPast } from '../clock.ts';
import { type ClusterContext, both, type Verdict, waitedFor } from './context.ts';
import { candidatesBeside, holdsEveryWrite, silenceMs } from './eligibility.ts';
import { isForced } from './promotion-rules.ts';
import { nextTimelines } from './timeline-plan.ts';
import { successorWaitMs } from './timing.ts';

/** Tries for the promotion lock when the master's end is certain or its silence lasted; says why not otherwise. */
export function takeoverStep(c: ClusterContext): Verdict | null {
  const { cluster, memory, view } = c;
  const sync = cluster.sync.value;
  const forced = isForced(cluster, view.self.name);
  if (view.self.kind === 'follower' || (view.self.kind === 'asynchronous' && !forced)) return null;
  const ended = masterEnded(c);
  if (ended !== 'ended') return ended;
  const standby = { role: 'standby' as const };
  if (cluster.promotion !== null) return null;
  if (memory.holdOffUntil !== null && !isPast(memory.holdOffUntil, view.now)) return null;
  if (!forced && !holdsEveryWrite(view.self.name, sync)) {
    const who = [sync.master, ...sync.standbys].join(', ');
    return {
      because: `not promoting: this node may lack acknowledged writes; waiting for ${who}`,
      serving: standby,
    };
  }
  const others = candidatesBeside(sync.master, cluster.config.value);
  const named = cluster.released.some((r) => r.term === sync.term && r.successor === view.self.name);
  if (!forced && !named && sync.master !== view.self.name && others.length < 2) {
    return {
      because: 'not promoting: automatic failover needs two declared standbys beside the master',
      serving: standby,
    };
  }
  if (!both(view.instances, (i) => i.state === 'running' && i.inRecovery)) {
    return { because: 'cannot promote: an instance is not running as a standby', serving: standby };
  }
  return {
    because: `taking the promotion lock for term ${sync.term + 1}`,
    actions: [
      {
        kind: 'take-lock',
        term: sync.term + 1,
        syncRevision: cluster.sync.modRevision,
        beatRevision: cluster.beat?.modRevision ?? 0,
      },
      // In the same turn: it is reached only when the lock was answered with yes.
      { kind: 'detach' },
      // Noted while the others detach; the claim compares what this was computed from.
      { kind: 'plan-timelines', term: sync.term + 1, timelines: nextTimelines(c) },
    ],
    serving: standby,
    wakeInMs: 0,
  };
}

/** `ended`, or null when the master lives, or a verdict that waits for its silence or for a named successor. */
function masterEnded(c: ClusterContext): 'ended' | Verdict | null {
  const { cluster, memory, view } = c;
  const sync = cluster.sync.value;
  const released = cluster.released.find((r) => r.term === sync.term);
  if (released !== undefined) {
    const named = released.successor;
    const since = memory.releasedSeen?.since ?? view.now;
    const patient = named !== null && named !== view.self.name && waitedFor(c, since) < successorWaitMs;
    if (!patient) return 'ended';
    return {
      because: `the master named ${named} as its successor`,
      serving: { role: 'standby' },
      wakeInMs: successorWaitMs - waitedFor(c, since),
    };
  }
  const seen = memory.beatSeen;
  const silence = silenceMs(cluster);
  const waited = seen === null ? 0 : waitedFor(c, seen.since);
  if (waited >= silence) return 'ended';
  // Claimed: the winner is followed while it is promoted, so that it need not wait for its first standby afterwards.
  if (cluster.leader !== null || cluster.promotion?.value.term === sync.term) return null;
  return {
    because: `there is no leader key; waiting for ${(silence / 1000).toFixed(1)} s of silence`,
    serving: { role: 'standby' },
    wakeInMs: silence - waited + 1,
  };
}
