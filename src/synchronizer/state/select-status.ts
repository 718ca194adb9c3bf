import type { Layout } from '../../core/sync/layout.ts';
import { placeOfReport } from './report-place.ts';
import type { SyncStatus } from './status.ts';

/** Which part of a status is wanted; null: all. */
export interface StatusFilter {
  /** A safe's name, or its branch. */
  readonly safe: string | null;
  /** An account's name. */
  readonly account: string | null;
}

/** The part of a status that is about a safe, an account, or both. Counts and times stay those of the whole pass. */
export function selectStatus(
  layout: Layout,
  status: SyncStatus,
  { safe, account }: StatusFilter,
): SyncStatus {
  if (safe === null && account === null) return status;
  const safes = status.safes.filter((each) => safe === null || each.safe === safe || each.branch === safe);
  const branches = new Set(safes.map(({ branch }) => branch));
  if (safe !== null) branches.add(safe);
  const failures = status.failures.filter(
    (each) => branches.has(each.branch) && (account === null || each.account === account),
  );
  const concerned = account === null ? branches : new Set(failures.map(({ branch }) => branch));
  const reports = status.reports.filter((report) => {
    const place = placeOfReport(layout, report);
    const lies = place.branch !== null && branches.has(place.branch);
    return lies && (account === null || place.accounts.includes(account));
  });
  const ofSafes = status.failures.filter(({ branch }) => branches.has(branch)).length;
  const failed = safes.reduce((sum, each) => sum + each.failed, 0);
  return {
    ...status,
    safes: safes.filter(({ branch }) => concerned.has(branch)),
    failures,
    reports,
    unlisted: Math.min(status.unlisted, Math.max(0, failed - ofSafes)),
  };
}
