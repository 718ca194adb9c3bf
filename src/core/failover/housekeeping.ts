import type { Action } from './action.ts';
import type { LineageStep } from './cluster-state.ts';
import type { LeadingContext } from './leading-context.ts';
import { liveReplica } from './sync-set.ts';

/** The next record that a leading node owes, or null. */
export function housekeeping(
  c: LeadingContext,
): { readonly because: string; readonly action: Action } | null {
  if (!c.leading.confirmed) return null;
  const { cluster } = c;
  const mine = cluster.history.find((h) => h.value.term === c.leading.term);
  const from = mine?.value.from;
  const declared = (name: string): boolean => cluster.config.value.members.some((m) => m.name === name);
  // A master that named its successor was not thrown out: it went.
  const went = cluster.released.some((r) => r.term === c.leading.term - 1 && r.successor !== null);
  const fresh = (name: string): boolean => cluster.evicted.get(name)?.value.term !== c.leading.term;
  if (mine !== undefined && mine.value.switchLsn === null) {
    // The eviction is written before the switch is noted, so that it is written once a term.
    if (from !== undefined && from !== c.view.self.name && declared(from) && fresh(from) && !went) {
      const reason = mine.value.why;
      return {
        because: `${from} is evicted: ${reason}`,
        action: { kind: 'evict', name: from, term: c.leading.term, reason },
      };
    }
    const switchLsn = {
      data: leftAt(c.view.instances.data.lineage),
      audit: leftAt(c.view.instances.audit.lineage),
    };
    return {
      because: `noting where term ${c.leading.term} left the old timelines`,
      action: { kind: 'note-switch', history: { ...mine.value, switchLsn }, revision: mine.modRevision },
    };
  }
  for (const [name, record] of cluster.evicted) {
    if (!liveReplica(c, name) && declared(name) && name !== c.view.self.name) continue;
    return {
      because: `${name} is back`,
      action: { kind: 'readmit', name, revision: record.modRevision },
    };
  }
  return null;
}

/** Where the timeline before the current one ended, as LSN text (`X/Y`). */
function leftAt(lineage: readonly LineageStep[]): string {
  const end = lineage.at(-2)?.endLsn ?? 0n;
  return `${(end >> 32n).toString(16).toUpperCase()}/${(end & 0xffffffffn).toString(16).toUpperCase()}`;
}
