import type { ClusterState } from './cluster-state.ts';
import { both, type Context, either, heldFor } from './context.ts';
import { isLastHolder, requiredNames, waitsFor } from './eligibility.ts';
import type { Leading, Memory } from './memory.ts';
import { liveReplica } from './sync-set.ts';
import { streamLimitMs, successorWaitMs } from './timing.ts';
import type { View } from './view.ts';

/** What is remembered of a turn's observation before any rule is asked: instants since when something is so. */
export function absorb(view: View, memory: Memory): Memory {
  const { cluster } = view;
  const seen = cluster === null ? memory : { ...memory, ...absorbCluster(view, cluster, memory) };
  return {
    ...seen,
    storeSilentSince: cluster === null ? (memory.storeSilentSince ?? view.now) : null,
    leading: absorbLeading(view, seen),
    // A rewind that failed before it began has changed nothing: it may be tried again.
    rewoundFor:
      view.task?.kind === 'rewind' && view.task.state === 'failed' && !view.marker ? null : seen.rewoundFor,
    startingSince: either(view.instances, (i) => i.state === 'starting')
      ? (seen.startingSince ?? view.now)
      : null,
    copiedFor: view.task?.kind === 'copy' && view.task.state === 'failed' ? null : seen.copiedFor,
    hangs: both(view.instances, (i) => i.state === 'running') ? 0 : seen.hangs,
    hangingSince:
      seen.leading === null && either(view.instances, (i) => i.state === 'unresponsive')
        ? (seen.hangingSince ?? view.now)
        : null,
    notStreaming: absorbStreaming(view, seen),
    passTo:
      seen.passTo !== null && heldFor({ view, memory }, seen.passTo.since) > successorWaitMs
        ? null
        : seen.passTo,
  };
}

function absorbCluster(view: View, cluster: ClusterState, memory: Memory): Partial<Memory> {
  const revision = cluster.beat?.modRevision ?? 0;
  const beatSeen = memory.beatSeen?.revision === revision ? memory.beatSeen : { revision, since: view.now };
  const released = cluster.released.find((r) => r.term === cluster.sync.value.term);
  const releasedSeen =
    released === undefined
      ? null
      : memory.releasedSeen?.term === released.term
        ? memory.releasedSeen
        : { term: released.term, since: view.now };
  return { beatSeen, releasedSeen };
}

/** A leader key with this agent's boot id is ours, also when the answer that told so was lost. */
function absorbLeading(view: View, memory: Memory): Leading | null {
  const leader = view.cluster?.leader;
  const known = memory.leading;
  if (known === null) {
    if (leader === undefined || leader === null || leader.value.bootId !== view.self.bootId) return null;
    if (memory.givingUp !== null) return null;
    return refreshed(view, memory, {
      term: leader.value.term,
      createRevision: leader.createRevision,
      confirmed: false,
      since: view.now,
      hadAuthority: false,
      beatCounter: 0,
      lonelySince: null,
      unresponsiveSince: null,
      change: null,
      syncWriteAt: null,
    });
  }
  return refreshed(view, memory, known);
}

function refreshed(view: View, memory: Memory, known: Leading): Leading {
  const context: Context = { view, memory };
  const unresponsive = either(view.instances, (i) => i.state === 'unresponsive');
  const sync = view.cluster?.sync;
  const current: Leading = {
    ...known,
    hadAuthority: known.hadAuthority || view.authorityUntil !== null,
    unresponsiveSince: unresponsive ? (known.unresponsiveSince ?? view.now) : null,
    syncWriteAt: sync !== undefined && sync.modRevision !== known.syncWriteAt ? null : known.syncWriteAt,
  };
  if (sync === undefined || sync.value.term !== known.term || unresponsive) return current;
  const inForce = both(view.instances, (i) => waitsFor(i.requiredNames, requiredNames(sync.value)));
  const needed = sync.value.standbys;
  const settled = sync.value.alone || needed.length > 0 || isLastHolder(sync.value);
  const company =
    sync.value.alone || (needed.length > 0 && needed.every((name) => liveReplica(context, name)));
  return {
    ...current,
    confirmed: known.confirmed || (settled && inForce),
    lonelySince: company ? null : (known.lonelySince ?? view.now),
  };
}

function hearsBeats(view: View, memory: Memory): boolean {
  const { beatSeen } = memory;
  return (
    view.cluster !== null &&
    beatSeen !== null &&
    heldFor({ view, memory }, beatSeen.since) < streamLimitMs / 2
  );
}

function absorbStreaming(view: View, memory: Memory): Memory['notStreaming'] {
  const target = view.instances.data.primary;
  const wanted =
    view.self.kind === 'follower' ? [view.instances.data] : [view.instances.data, view.instances.audit];
  const running = wanted.every((i) => i.state === 'running' && i.primary === target);
  if (target === null || !running || wanted.every((i) => i.streaming)) return null;
  // Who hears nothing of a master cannot stream from it, and gets the whole patience when that is over.
  if (!hearsBeats(view, memory)) return { target, since: view.now };
  return memory.notStreaming?.target === target ? memory.notStreaming : { target, since: view.now };
}
