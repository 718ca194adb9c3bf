import { attentionFirst } from '../../core/sync/attention.ts';
import type { PassOutcome } from '../../synchronizer/pass/outcome.ts';
import { countOf, plural } from '../../core/counts.ts';
import { plain } from './plain.ts';
import type { Style } from './style.ts';
import { reportText } from './sync-reports.ts';

/** Lines of one kind that are shown; --json has all. */
const mostShown = 100;

/** What a pass did, or would do: a line for each change, what people should know, and a sentence at the end. */
export function renderOutcome(outcome: PassOutcome, style: Style): string {
  const { created, written, mended, enabled, disabled, removed, reports, failures } = outcome;
  const isNew = new Set(created);
  const changed = written.filter((id) => !isNew.has(id));
  const ids = (list: readonly string[], mark: string, note: string): readonly string[] =>
    shown(list, (id) => `${mark} ${plain(id)}${note === '' ? '' : style.faint(`  ${note}`)}`);
  return [
    ...ids(created, style.good('+'), ''),
    ...ids(enabled, style.good('+'), 'is back'),
    ...ids(changed, style.warning('~'), 'another value'),
    ...ids(mended, style.warning('~'), 'was changed by somebody else, and is mended'),
    ...ids(disabled, style.fault('-'), 'closed to the groups of its safe'),
    ...ids(removed, style.fault('-'), ''),
    ...(outcome.stopped === null ? [] : wouldGo(outcome.stopped, ids)),
    ...shown(attentionFirst(reports), (report) => `${style.warning('!')} ${reportText(report)}`),
    ...shown(failures, ({ branch, account, fault }) => {
      const who = account === null ? plain(branch) : `${plain(branch)}, "${plain(account)}"`;
      return `${style.fault('✗')} ${who}: ${plain(fault)}`;
    }),
    summary(outcome),
  ].join('\n');
}

function wouldGo(
  { identifiers, removals }: NonNullable<PassOutcome['stopped']>,
  ids: (list: readonly string[], mark: string, note: string) => readonly string[],
): readonly string[] {
  const more = removals - identifiers.length;
  return [
    ...ids(identifiers, '-', 'would be removed, or given to another account'),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ];
}

function summary({ stopped, dryRun, mode, accounts, unchanged, ...lists }: PassOutcome): string {
  if (stopped !== null) {
    return `Stopped, and nothing was changed: ${plural(stopped.removals, 'variable')} would be removed, and ${stopped.allowed} may be (removal.most and mostPercent, less what went within 24 hours). Look at all of it with --dry-run --accept-removals ${stopped.removals}; if that is right, say --accept-removals ${stopped.removals}.`;
  }
  const { created, written, mended, disabled, removed, failures, times } = lists;
  const counts = [
    `${countOf(created.length)} made`,
    `${plural(written.length + mended.length, 'value')} ${dryRun ? 'to write' : 'written'}`,
    `${countOf(disabled.length + removed.length)} removed`,
    `${countOf(failures.length)} failed`,
  ].join(', ');
  const seconds = (times.totalMs / 1000).toFixed(1);
  return `${dryRun ? 'Nothing was changed. It would be' : mode === 'full' ? 'Full pass' : 'Pass'}: ${plural(accounts, 'account')}, ${countOf(unchanged)} unchanged; ${counts}; ${seconds} s.`;
}

function shown<T>(list: readonly T[], line: (item: T) => string): readonly string[] {
  const more = list.length - mostShown;
  return [...list.slice(0, mostShown).map(line), ...(more > 0 ? [`  … and ${more} more`] : [])];
}
