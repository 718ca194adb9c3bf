import type { ClusterState, HistoryRecord, PerInstance } from './cluster-state.ts';
import { type ClusterContext, waitedFor } from './context.ts';

/** `history/<term>`, as the winner of `term` writes it. */
export function historyOf(c: ClusterContext, term: number, timelines: PerInstance<number>): HistoryRecord {
  const old = c.cluster.sync.value;
  const forced = isForced(c.cluster, c.view.self.name);
  const released = c.cluster.released.find((r) => r.term === old.term);
  const why = forced
    ? 'an operator accepted the loss'
    : (released?.reason ?? `${old.master} was silent for ${waitedText(c)}`);
  return {
    term,
    from: old.master,
    to: c.view.self.name,
    why,
    timelines,
    forced,
    switchLsn: null,
  };
}

function waitedText(c: ClusterContext): string {
  const since = c.memory.beatSeen?.since;
  return since === undefined ? 'a ttl' : `${(waitedFor(c, since) / 1000).toFixed(1)} s`;
}

/** Whether an operator's accepted loss applies to this node in this term. */
export function isForced(cluster: ClusterState, name: string): boolean {
  const forced = cluster.forced?.value;
  return forced !== undefined && forced.candidate === name && forced.term === cluster.sync.value.term;
}
