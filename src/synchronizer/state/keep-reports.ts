import type { Layout } from '../../core/sync/layout.ts';
import type { Report } from '../../core/sync/plan.ts';
import { attentionFirst, isHarmless } from '../../core/sync/attention.ts';
import type { PassOutcome } from '../pass/outcome.ts';
import { placeOfReport } from './report-place.ts';
import { settledBy } from './settled-by.ts';

/** Of a vault that keeps what is gone, each variable that stays is a report in each pass. */
const mostReports = 1000;

/**
 * What people should know after a pass: its own reports, and those from before about safes that it did not look at. What somebody
 * should look at comes first, so that it is not what there is no room for.
 */
export function keepReports(
  layout: Layout,
  outcome: PassOutcome,
  before: readonly Report[],
): readonly Report[] {
  const isSettled = settledBy(layout, outcome);
  const branchOf = (report: Report): string | null => placeOfReport(layout, report).branch;
  const told = new Set(outcome.reports.map(branchOf));
  const left = before.filter((report) => {
    const branch = branchOf(report);
    return !told.has(branch) && !(branch === null ? outcome.wholeVault : isSettled(branch));
  });
  return attentionFirst([...outcome.reports, ...left]).slice(0, mostReports);
}

/**
 * After a pass that ended early: what it found that somebody should look at, and all that was known before. What it would have done,
 * or has done somewhere, is nothing to tell yet.
 */
export function addReports(found: readonly Report[], before: readonly Report[]): readonly Report[] {
  const now = found.filter((report) => !isHarmless(report));
  const told = new Set(now.map(subjectOf));
  const left = before.filter((report) => !told.has(subjectOf(report)));
  return attentionFirst([...now, ...left]).slice(0, mostReports);
}

/** What a report is about, in whatever words and numbers that is told this time. */
function subjectOf(report: Report): string {
  return JSON.stringify({ ...report, fault: '', kept: 0, identifiers: [] });
}
