import type { StoreEvent } from '../core/coordination/cluster-store.ts';
import type { AgentState } from './agent-state.ts';

/**
 * Rings the loop's bell when the cluster's keys change. A beat wakes those who wait for its absence; the reports of others
 * matter only while somebody is being promoted. What changed is read by the turn itself.
 */
export function watchCluster(state: AgentState, signal: AbortSignal): void {
  // 0: from now on. What is there already is read by the turns.
  const from = state.lastCluster === null ? 0 : state.lastCluster.revision + 1;
  state.store.watch(state.keys.prefix, {
    fromRevision: from,
    signal,
    onEvents: (events) => {
      if (events.some((event) => matters(state, event))) state.wake.ring();
    },
    onEnd: (end) => {
      if (end.kind === 'stopped') return;
      // History was compacted away, or the store refused: the timer of the turns goes on, and the bell is hung anew.
      setTimeout(() => watchCluster(state, signal), 1000).unref();
    },
  });
}

function matters(state: AgentState, event: StoreEvent): boolean {
  const key = event.kind === 'put' ? event.entry.key : event.key;
  const { leading, promotion } = state.memory;
  // A follower acts on who leads and what is declared, on nothing in between.
  if (state.node.config.kind === 'follower') return key === state.keys.leader || key === state.keys.config;
  if (key === state.keys.beat) return leading === null;
  const awaitsOthers = promotion !== null || (leading !== null && leading.lonelySince !== null);
  if (key.startsWith(state.keys.member(''))) return awaitsOthers;
  return true;
}
