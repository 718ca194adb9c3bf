import { type Layout, safeBranch } from '../../core/sync/layout.ts';
import type { ListedLob } from '../source/source.ts';
import type { PassOutcome } from './outcome.ts';

/** What the source's list says of each safe, and of lines of business that could not be read. */
export function safeReadings(
  layout: Layout,
  listed: readonly ListedLob[],
): Pick<PassOutcome, 'safes' | 'lobFaults'> {
  return {
    safes: listed.flatMap(({ name: lob, safes }) =>
      safes.ok
        ? safes.value.map(({ name: safe, accounts }) => ({
            branch: safeBranch(layout, lob, safe),
            lob,
            safe,
            accounts: accounts.ok ? accounts.value.length : null,
            fault: accounts.ok ? null : accounts.fault,
          }))
        : [],
    ),
    lobFaults: listed.flatMap(({ name: lob, safes }) => (safes.ok ? [] : [{ lob, fault: safes.fault }])),
  };
}
