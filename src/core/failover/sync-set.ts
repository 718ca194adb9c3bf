import { type ClusterState, instanceNames, type SyncRecord } from './cluster-state.ts';
import type { Action } from './action.ts';
import type { Context, Verdict } from './context.ts';
import { waitedFor } from './context.ts';
import { candidatesBeside, isFit, requiredNames, sameNames, waitsFor } from './eligibility.ts';
import { servingAsLeader } from './leading-context.ts';
import type { Leading, Memory } from './memory.ts';
import { soonMs } from './timing.ts';

/** Whether `name` streams from both of our instances. */
export function liveReplica(c: Context, name: string): boolean {
  return instanceNames.every((i) => c.view.instances[i].replicas.some((r) => r.name === name && r.streaming));
}

/** The set the master should have: those alive, filled up to n with what streams; the operator's choice first. */
export function wantedSync(c: Context, cluster: ClusterState, leading: Leading): SyncRecord {
  const config = cluster.config.value;
  const sync = cluster.sync.value;
  const declared = candidatesBeside(sync.master, config);
  const usable = (name: string): boolean =>
    declared.includes(name) && liveReplica(c, name) && cluster.members.get(name)?.value.marker !== true;
  const [fit, unfit] = [
    [...sync.standbys, ...declared].filter((name) => isFit(cluster, name)),
    [...sync.standbys, ...declared].filter((name) => !isFit(cluster, name)),
  ];
  const preferred = cluster.switchover?.value.to ?? null;
  const count = Math.max(1, config.syncCount);
  const order = [...(preferred === null ? [] : [preferred]), ...fit, ...unfit].filter(usable);
  const standbys = [...new Set(order)].slice(0, count);
  if (standbys.length > 0) {
    return sameNames(standbys, sync.standbys) ? sync : { ...sync, standbys, previous: [], alone: false };
  }
  const mayGoAlone = !config.strict && !sync.alone && leading.lonelySince !== null;
  if (mayGoAlone && leading.lonelySince !== null && waitedFor(c, leading.lonelySince) >= config.ttlMs) {
    const previous = sync.standbys.length > 0 ? [sync.master, ...sync.standbys] : sync.previous;
    return { ...sync, standbys: [], previous, alone: true };
  }
  const leftOver = sync.standbys.filter((name) => declared.includes(name));
  if (leftOver.length < sync.standbys.length && leftOver.length === 0) {
    return { ...sync, standbys: [], previous: [sync.master, ...sync.standbys] };
  }
  return sync;
}

/**
 * One step of a change of the synchronous set, or null when nothing is to be done. The invariant: whoever acknowledges
 * stands in the store. So newcomers are required by PostgreSQL first and stored only once they have flushed all there
 * was; whoever leaves is removed from the store first; and while a write of `sync` is unanswered no name is dropped.
 */
export function syncStep(c: Context, cluster: ClusterState, leading: Leading): Verdict | null {
  const stored = cluster.sync;
  if (leading.syncWriteAt === stored.modRevision) {
    return {
      because: 'settling a change of the synchronous set that was not answered',
      actions: [
        {
          kind: 'write-sync',
          leaderRevision: leading.createRevision,
          syncRevision: stored.modRevision,
          sync: stored.value,
        },
      ],
      wakeInMs: soonMs,
    };
  }
  const wanted = wantedSync(c, cluster, leading);
  const base = requiredNames(stored.value);
  if (wanted === stored.value) return requireOnly(c, leading, base);
  const needed = [...new Set([...base, ...wanted.standbys])];
  if (!inForce(c, needed)) {
    return {
      because: `requiring ${wanted.standbys.join(', ') || 'nobody new'} besides ${base.join(', ') || 'nobody'}`,
      actions: [{ kind: 'require', names: needed }],
      memory: { leading: { ...leading, change: null } },
      wakeInMs: 0,
    };
  }
  return confirm(c, stored, wanted, leading);
}

function requireOnly(c: Context, leading: Leading, names: readonly string[]): Verdict | null {
  if (instanceNames.every((i) => waitsFor(c.view.instances[i].requiredNames, names))) return null;
  return {
    because: `requiring exactly ${names.join(', ') || 'nobody'} for each write`,
    actions: [{ kind: 'require', names }],
    memory: { leading: { ...leading, change: null } },
    wakeInMs: 0,
  };
}

function inForce(c: Context, names: readonly string[]): boolean {
  return instanceNames.every((i) => sameNames(c.view.instances[i].requiredNames, names));
}

function confirm(c: Context, stored: ClusterState['sync'], wanted: SyncRecord, leading: Leading): Verdict {
  const newcomers = wanted.standbys.filter((name) => !stored.value.standbys.includes(name));
  const { change } = leading;
  const { data, audit } = c.view.instances;
  if (change === null || !sameNames(change.to.standbys, wanted.standbys)) {
    // An end of the log that is not known would make everybody look caught up.
    if (data.lsn === null || audit.lsn === null)
      return { because: 'reading the end of the log', wakeInMs: soonMs };
    const lsn = { data: data.lsn, audit: audit.lsn };
    return {
      because: `waiting for ${newcomers.join(', ') || 'nobody'} to catch up`,
      memory: { leading: { ...leading, change: { to: wanted, lsn } } },
      wakeInMs: 0,
      again: true,
    };
  }
  const caughtUp = newcomers.every((name) =>
    instanceNames.every((i) =>
      c.view.instances[i].replicas.some(
        (r) =>
          r.name === name &&
          r.streaming &&
          r.synchronous &&
          r.flushLsn !== null &&
          r.flushLsn >= change.lsn[i],
      ),
    ),
  );
  if (!caughtUp) return { because: `waiting for ${newcomers.join(', ')} to catch up`, wakeInMs: soonMs };
  return {
    because: `confirmed: ${wanted.standbys.join(', ') || 'the master alone'}`,
    actions: [
      {
        kind: 'write-sync',
        leaderRevision: leading.createRevision,
        syncRevision: stored.modRevision,
        sync: wanted,
      },
      ...opening(c, wanted, leading),
      // Whoever leaves is dropped only once the store has answered with yes. Until then a write waits in PostgreSQL.
      { kind: 'require', names: requiredNames(wanted) },
    ],
    memory: { leading: { ...leading, change: null, syncWriteAt: stored.modRevision } },
    wakeInMs: 0,
  };
}

/** The first confirmation of a term lets clients in. */
function opening(c: Context, wanted: SyncRecord, leading: Leading): readonly Action[] {
  if (leading.confirmed || wanted.standbys.length === 0) return [];
  return [{ kind: 'serve', serving: servingAsLeader({ ...c, leading: confirmedNow(leading) }) }];
}

/** Clients were let in, and stay so: what the next turn fails to see is no reason to send them away again. */
export function letIn(memory: Memory): Memory {
  return memory.leading === null ? memory : { ...memory, leading: confirmedNow(memory.leading) };
}

function confirmedNow(leading: Leading): Leading {
  return { ...leading, confirmed: true, lonelySince: null };
}
