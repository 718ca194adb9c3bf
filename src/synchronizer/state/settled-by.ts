import { type Layout, lobBranch } from '../../core/sync/layout.ts';
import type { PassOutcome } from '../pass/outcome.ts';

/**
 * Whether a pass has the last word on a branch, so that what was known of it before counts no more. A pass over the whole vault has it
 * everywhere, also on what is gone, but not in a line of business that it could not read; one over a single safe has it there alone.
 */
export function settledBy(
  layout: Layout,
  { wholeVault, safes, lobFaults }: PassOutcome,
): (branch: string) => boolean {
  const looked = new Set(safes.map(({ branch }) => branch));
  if (!wholeVault) return (branch) => looked.has(branch);
  const unread = lobFaults.map(({ lob }) => lobBranch(layout, lob));
  return (branch) => !unread.some((lob) => branch === lob || branch.startsWith(`${lob}/`));
}
