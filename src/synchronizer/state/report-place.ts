import { lobBranch, type Layout, placeOf, safeBranch } from '../../core/sync/layout.ts';
import { unescapeName } from '../../core/sync/names.ts';
import type { Report } from '../../core/sync/plan.ts';

/** The safe's branch (or that of a line of business) that a report is about, and the names of accounts in it. */
export function placeOfReport(
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
    case 'account_unread':
    case 'name_too_long':
      return { branch: report.branch, accounts: [report.account] };
    case 'renamed':
      return placeOfVariables(layout, [report.to, report.from]);
    case 'name_held': {
      const { branch, accounts } = placeOfVariables(layout, [report.identifier]);
      return { branch, accounts: [...accounts, report.account] };
    }
    case 'variable_foreign':
    case 'name_reused':
    case 'permits_lost':
    case 'value_drifted':
    case 'retained':
      return placeOfVariables(layout, [report.identifier]);
    case 'removal_withheld':
      return { branch: report.branch, accounts: placeOfVariables(layout, report.identifiers).accounts };
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
