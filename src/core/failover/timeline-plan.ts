import type { PerInstance } from './cluster-state.ts';
import type { ClusterContext } from './context.ts';

/**
 * Timelines higher than any that was ever planned, and than what this node is on. They stay right from the takeover to the
 * claim: another claim in between would have changed `sync`, which both compare.
 */
export function nextTimelines(c: ClusterContext): PerInstance<number> {
  const highest = (name: 'data' | 'audit'): number =>
    Math.max(c.view.instances[name].timeline ?? 1, ...c.cluster.history.map((h) => h.value.timelines[name]));
  return { data: highest('data') + 1, audit: highest('audit') + 1 };
}

export function sameTimelines(a: PerInstance<number> | null, b: PerInstance<number>): boolean {
  return a !== null && a.data === b.data && a.audit === b.audit;
}
