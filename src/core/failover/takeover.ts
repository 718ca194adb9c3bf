import { isPast } from '../clock.ts';
import type { Action } from './action.ts';
import { type ClusterContext, both, type Verdict, waitedFor } from './context.ts';
import {
  candidatesBeside,
  claimedSync,
  holdsEveryWrite,
  isFit,
  placeholderName,
  requiredNames,
  silenceMs,
  waitsFor,
} from './eligibility.ts';
import { aboutToLead } from './leading-context.ts';
import { historyOf, isForced } from './promotion-record.ts';
import { followSuccessor } from './succession.ts';
import { nextTimelines } from './timeline-plan.ts';
import { unseenLock } from './memory.ts';
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
  const takeLock: Action = {
    kind: 'take-lock',
    term: sync.term + 1,
    syncRevision: cluster.sync.modRevision,
    beatRevision: cluster.beat?.modRevision ?? 0,
  };
  if (named && !forced) {
    const succession = succeed(c, takeLock);
    if (succession !== null) return succession;
  }
  return {
    because: `taking the promotion lock for term ${sync.term + 1}`,
    actions: [
      takeLock,
      // In the same turn: it is reached only when the lock was answered with yes.
      { kind: 'detach' },
      // Noted while the others detach; the claim compares what this was computed from.
      { kind: 'plan-timelines', term: sync.term + 1, timelines: nextTimelines(c) },
      ...requireAhead(c),
    ],
    serving: standby,
    wakeInMs: 0,
  };
}

/**
 * The whole takeover in one turn, for the successor that the old master named: nobody has received more. Each step is reached only when
 * the one before was answered with yes; the next turn goes on wherever this one ended.
 */
function succeed(c: ClusterContext, takeLock: Action): Verdict | null {
  const { cluster, view } = c;
  const old = cluster.sync;
  const term = old.value.term + 1;
  const sync = claimedSync(view.self.name, term, old.value, false);
  if (!both(view.instances, (i) => waitsFor(i.requiredNames, requiredNames(sync)))) return null;
  const timelines = nextTimelines(c);
  return {
    because: `succeeding ${old.value.master} in term ${term} with timelines ${timelines.data} and ${timelines.audit}`,
    actions: [
      // Or a standby that hangs here, and is overtaken, would stream from the next master before it is promoted.
      { kind: 'detach' },
      ...requireAhead(c),
      takeLock,
      { kind: 'plan-timelines', term, timelines },
      {
        kind: 'claim',
        lockRevision: null,
        syncRevision: old.modRevision,
        sync,
        history: historyOf(c, term, timelines),
      },
      { kind: 'promote' },
      { kind: 'lead', lockRevision: null, syncRevision: null, term },
    ],
    memory: {
      promotion: {
        term,
        lockRevision: unseenLock,
        syncRevision: old.modRevision,
        since: view.now,
        detachedSince: view.now,
        gather: 'done',
        gatherSince: null,
        claimedSince: view.now,
      },
    },
    serving: aboutToLead,
    wakeInMs: 0,
  };
}

/**
 * Whoever could become the first standby is required from the start, besides the placeholder: then its first confirmation
 * need not wait for PostgreSQL to take a change of names.
 */
function requireAhead({ cluster, view }: ClusterContext): readonly Action[] {
  const { alone, master } = cluster.sync.value;
  if (alone) return [];
  const names = candidatesBeside(view.self.name, cluster.config.value)
    .filter((name) => name !== master && isFit(cluster, name))
    .slice(0, Math.max(1, cluster.config.value.syncCount));
  return names.length === 0 ? [] : [{ kind: 'require', names: [placeholderName, ...names] }];
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
    return (
      followSuccessor(c, named) ?? {
        because: `the master named ${named} as its successor`,
        serving: { role: 'standby' },
        wakeInMs: successorWaitMs - waitedFor(c, since),
      }
    );
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
