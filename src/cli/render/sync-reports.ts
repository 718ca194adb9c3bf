import { plural } from '../../core/counts.ts';
import type { Report } from '../../core/sync/plan.ts';
import { plain } from './plain.ts';

/** What people should know of a pass, as a sentence. */
export function reportText(report: Report): string {
  switch (report.code) {
    case 'source_failed':
      return `${where(report)} was not read, so nothing of it was changed: ${plain(report.fault)}`;
    case 'source_empty':
      if (report.kept === 0)
        return `${where(report)} has no accounts that can be seen. Is a right missing, or a directory not mounted?`;
      return `${where(report)} was read empty; ${report.kept} variables that come from it stay. Has a right been taken away?`;
    case 'safe_vanished':
      return `${plain(report.branch)}: the source lists this safe no more; its ${report.kept} variables stay. Delete the policy if it is gone for good.`;
    case 'name_shared':
      return `${plain(report.branch)}: the accounts ${report.accounts.map(plain).join(', ')} are all called "${plain(report.name)}"; none was written. Rename one.`;
    case 'account_twice':
      return `${plain(report.branch)}: the account ${plain(report.account)} is listed as ${report.names.map((name) => `"${plain(name)}"`).join(' and ')}; neither was written.`;
    case 'account_empty':
      return `${plain(report.branch)}: the account ${plain(report.account)} has no values in the source; those in the target stay. Remove the account there if it is gone.`;
    case 'account_unread':
      return `${plain(report.branch)}: the account ${plain(report.account)} was not read, so nothing is removed from its safe: ${plain(report.fault)}`;
    case 'name_too_long':
      return `${plain(report.branch)}: the account ${plain(report.account)} would have an id of ${report.bytes} bytes, more than 900; it was not written. Shorten its name.`;
    case 'branch_foreign':
      return `${plain(report.branch)}: this policy was not made by a synchronizer, so its safe was left out.`;
    case 'variable_foreign':
      return `${plain(report.identifier)}: this variable was not made by a synchronizer, so it was left alone.`;
    case 'renamed':
      return `${plain(report.from)} is called ${plain(report.to)} now; who was permitted the one is permitted the other.`;
    case 'name_reused':
      return `${plain(report.identifier)} is the name of another account now; who may read it reads that one.`;
    case 'name_held':
      return `${plain(report.identifier)} is the name of another account now, which waits: the account ${plain(report.account)} has its value there, and cannot be written under its own name yet.`;
    case 'permits_lost':
      return `${plain(report.identifier)}: the groups of its safe lacked permissions${report.mended ? ', which they have again' : ''}.`;
    case 'value_drifted':
      return `${plain(report.identifier)} was changed by somebody else, and stays so; "drift: repair" would mend it.`;
    case 'retained':
      return `${plain(report.identifier)} is gone from the source, and stays as it is.`;
    case 'removal_withheld':
      return withheldText(report);
    default:
      return report satisfies never;
  }
}

const whyWithheld = {
  account_unread: 'an account of the safe was not read, and could be theirs',
  policy_failed: 'the policy of the safe failed',
  source_failed: 'the source did not answer for accounts of the safe',
  account_failed: 'their accounts are not yet as they should be',
} as const;

function withheldText({
  branch,
  because,
  kept,
  identifiers,
}: Extract<Report, { readonly code: 'removal_withheld' }>): string {
  const more = kept - identifiers.length;
  const names = [...identifiers.map(plain), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  return `${plain(branch)}: ${plural(kept, 'variable')} that the source has no more can be read as before, since ${whyWithheld[because]}: ${names}.`;
}

function where({ lob, safe }: { readonly lob: string; readonly safe: string | null }): string {
  return safe === null ? `line of business "${plain(lob)}"` : `safe "${plain(safe)}" of "${plain(lob)}"`;
}
