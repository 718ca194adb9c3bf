import { type Layout, placeOf } from '../../core/sync/layout.ts';
import type { Report } from '../../core/sync/plan.ts';
import type { SyncState } from './state.ts';

/**
 * Values that somebody else wrote and that are only told, in these safes: also those that an earlier pass found, for a quick one
 * compares nothing.
 */
export function driftReports(
  layout: Layout,
  { drifted, variables }: Pick<SyncState, 'drifted' | 'variables'>,
  safes: readonly { readonly branch: string }[],
): readonly Report[] {
  const branches = new Set(safes.map(({ branch }) => branch));
  return [...drifted]
    .filter((identifier) => variables.has(identifier))
    .filter((identifier) => branches.has(placeOf(layout, identifier)?.branch ?? ''))
    .map((identifier) => ({ code: 'value_drifted', identifier }));
}
