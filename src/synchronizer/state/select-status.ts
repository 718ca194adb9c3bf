import { lobBranch, type Layout, placeOf, safeBranch } from '../../core/sync/layout.ts';
import { unescapeName } from '../../core/sync/names.ts';
import type { Report } from '../../core/sync/plan.ts';
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

/** The safe's branch (or that of a line of business) that a report is about, and the names of accounts in it. */
function placeOfReport(
  layout: Layout,
  report: Report,
): { readonly branch: string | null; readonly accounts: readonly string[] } {
  switch (report.code) {
    case 'source_failed':
    case 'source_empty':
      return {
        branch:
          report.safe === null ? lobBranch(layout, report.lob) : safeBranch(layout, report.lob, report.safe),
        accounts: [],
      };
    case 'safe_vanished':
    case 'branch_foreign':
      return { branch: report.branch, accounts: [] };
    case 'name_shared':
      return { branch: report.branch, accounts: [report.name, ...report.accounts] };
    case 'account_twice':
      return { branch: report.branch, accounts: [report.account, ...report.names] };
    case 'account_empty':
    case 'name_too_long':
      return { branch: report.branch, accounts: [report.account] };
    case 'renamed':
      return placeOfVariables(layout, [report.to, report.from]);
    case 'variable_foreign':
    case 'name_reused':
    case 'retained':
      return placeOfVariables(layout, [report.identifier]);
    default:
      return report satisfies never;
  }
}

function placeOfVariables(
  layout: Layout,
  identifiers: readonly string[],
): { readonly branch: string | null; readonly accounts: readonly string[] } {
  const places = identifiers.flatMap((identifier) => placeOf(layout, identifier) ?? []);
  const accounts = places.flatMap(({ path }) => unescapeName(path.slice(0, path.indexOf('/'))) ?? []);
  return { branch: places[0]?.branch ?? null, accounts };
}
