import { type Layout, safeBranch } from '../../core/sync/layout.ts';
import type { ListedLob } from '../source/source.ts';
import type { SyncState } from '../state/state.ts';

/** What of a source has to be compared with the target whatever is remembered. */
export interface CheckScope {
  /** Branches of the safes that were read, and not empty. */
  readonly read: ReadonlySet<string>;
  /** Branches of the safes whose check is due. */
  readonly branches: ReadonlySet<string>;
  /** All that were read are. */
  readonly isWhole: boolean;
  /** Whether an account's values are compared with those in the target. */
  readonly compares: (key: string, branch: string) => boolean;
}

/**
 * A safe is due when its last check is too long ago, or there was none. In it, accounts that a pass compared since (which was then
 * interrupted) are not compared again.
 *
 * @param all everything is due, whatever the hour
 */
export function checkScope(
  layout: Layout,
  state: SyncState,
  source: readonly ListedLob[],
  times: { readonly all: boolean; readonly everyMs: number; readonly nowMs: number },
): CheckScope {
  const read = readBranches(layout, source);
  const isDue = (lastMs: number | null): boolean =>
    lastMs === null || times.nowMs - lastMs >= times.everyMs || times.nowMs < lastMs; // a clock was set back
  // What is new beside safes that were checked is looked at where it is made.
  const isNew = (branch: string): boolean => state.checks.size > 0 && !state.branches.has(branch);
  const branches = new Set(
    [...read].filter((branch) => {
      const last = state.checks.get(branch) ?? null;
      return times.all || (isDue(last) && !(last === null && isNew(branch)));
    }),
  );
  return {
    read,
    branches,
    isWhole: branches.size > 0 && branches.size === read.size,
    compares: (key, branch) =>
      branches.has(branch) && (times.all || isDue(state.accounts.get(key)?.comparedAtMs ?? null)),
  };
}

/** Branches of the safes that a source could list, and that are not empty. */
export function readBranches(layout: Layout, source: readonly ListedLob[]): ReadonlySet<string> {
  return new Set(
    source.flatMap((lob) =>
      (lob.safes.ok ? lob.safes.value : []).flatMap(({ name, accounts }) =>
        accounts.ok && accounts.value.length > 0 ? [safeBranch(layout, lob.name, name)] : [],
      ),
    ),
  );
}
