import type { Logger } from '../../runtime/log.ts';
import { isHarmless } from '../../core/sync/attention.ts';
import type { SyncStatus } from '../state/status.ts';

/** Of one pass; the status has all. */
const mostTold = 20;

/**
 * Logs what somebody should look at, once and not again after each pass.
 *
 * @param told what was amiss after the pass before
 * @returns what is amiss now
 */
export function tellWhatIsAmiss(
  log: Logger,
  { reports, failures }: SyncStatus,
  told: ReadonlySet<string>,
): ReadonlySet<string> {
  const amiss = new Map(
    [...reports.filter((report) => !isHarmless(report)), ...failures].map((entry) => [
      JSON.stringify(entry),
      entry,
    ]),
  );
  const fresh = [...amiss].filter(([text]) => !told.has(text)).map(([, entry]) => entry);
  // Nested, since a report may have a `name`, as each line of the log has.
  for (const entry of fresh.slice(0, mostTold)) log.warn({ amiss: entry }, 'not as it should be');
  const more = fresh.length - mostTold;
  if (more > 0) log.warn({ more }, '"holdfast sync status" has the rest');
  return new Set(amiss.keys());
}
