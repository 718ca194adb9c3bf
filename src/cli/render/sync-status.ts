import type { SyncStatus } from '../../synchronizer/state/status-file.ts';
import { renderFields } from './fields.ts';
import { plain } from './plain.ts';
import type { Style } from './style.ts';
import { reportText } from './sync-reports.ts';

/** The last pass: when it ended, what it did, and what is not as it should be. */
export function renderStatus(status: SyncStatus, style: Style): string {
  const { endedAt, error, mode, stopped, counts, seconds, reports, failures } = status;
  const fields: (readonly [string, unknown])[] = [
    ['ended', endedAt],
    ['result', resultOf(status)],
    ...(mode === null ? [] : [['kind', mode] as const]),
    ...Object.entries(counts).filter(([name, count]) => count > 0 || name === 'accounts'),
    ...(seconds['total'] === undefined ? [] : [['seconds', seconds['total']] as const]),
  ];
  return [
    ...renderFields(fields, style),
    ...(error === null ? [] : [`${style.fault('✗')} ${plain(error)}`]),
    ...(stopped === null
      ? []
      : [`${style.fault('✗')} ${stopped.removals} removals, ${stopped.allowed} allowed`]),
    ...reports.map((report) => `${style.warning('!')} ${reportText(report)}`),
    ...failures.map(
      ({ branch, account, fault }) =>
        `${style.fault('✗')} ${plain(`${branch}, ${account ?? 'the safe'}: ${fault}`)}`,
    ),
  ].join('\n');
}

function resultOf({ error, stopped, failures }: SyncStatus): string {
  if (error !== null) return 'ended early';
  if (stopped !== null) return 'stopped: too many removals';
  return failures.length > 0 ? 'done, with failures' : 'done';
}
