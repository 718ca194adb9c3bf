import type { Report } from './plan.ts';

/** Told for people to know; nothing is to be done about it. */
export function isHarmless(report: Report): boolean {
  if (report.code === 'permits_lost') return report.mended;
  return report.code === 'renamed' || report.code === 'retained';
}

/** What somebody should look at before what is only told. */
export function attentionFirst(reports: readonly Report[]): readonly Report[] {
  return [...reports.filter((report) => !isHarmless(report)), ...reports.filter(isHarmless)];
}

/** Whether somebody should look at what became of a pass: something was not read, failed, or stands in the way. */
export function needsAttention({
  stopped,
  failures,
  reports,
}: {
  readonly stopped: unknown;
  readonly failures: readonly unknown[];
  readonly reports: readonly Report[];
}): boolean {
  return stopped !== null || failures.length > 0 || reports.some((report) => !isHarmless(report));
}
