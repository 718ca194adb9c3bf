import { plural } from '../../core/counts.ts';
import type { AcceptedRemovals } from '../../synchronizer/run/accepted.ts';
import { needsAttention } from '../../core/sync/attention.ts';
import type { Pause } from '../../synchronizer/run/pause.ts';
import type { CarriedAccount } from '../../synchronizer/state/find-account.ts';
import type { KnownStanding } from '../../synchronizer/state/standing-file.ts';
import type { SafeStatus, SyncStatus } from '../../synchronizer/state/status.ts';
import { renderFields } from './fields.ts';
import { plain } from './plain.ts';
import type { Style } from './style.ts';
import { reportText } from './sync-reports.ts';
import { renderTable } from './table.ts';

/** Lines of one kind that are shown; --json has all. */
const mostShown = 200;
const mostStopped = 20;

function roleText({ role, leader }: KnownStanding): string {
  if (role === 'standby') return leader === null ? 'it does not lead' : `${plain(leader)} leads`;
  return role === 'alone' ? 'it is the only one' : 'it leads';
}

/** Whether a synchronizer runs, as what, and whether it rests. */
export function renderStanding(
  {
    running,
    role,
    paused,
    accepted,
    unkept,
  }: {
    readonly running: boolean;
    readonly role: KnownStanding | null;
    readonly paused: Pause | null;
    readonly accepted: AcceptedRemovals | null;
    /** Why the running one cannot write its status down; null: it can. */
    readonly unkept: string | null;
  },
  style: Style,
): readonly string[] {
  const runs = running ? (role === null ? 'yes' : `yes; ${roleText(role)}, since ${role.since}`) : 'no';
  const because = paused?.because ?? null;
  const rests = paused === null ? '' : `since ${paused.since}${because === null ? '' : `: ${because}`}`;
  const fault = running ? (role?.fault ?? null) : null;
  return [
    ...renderFields(
      [
        ['running', runs],
        ...(paused === null ? [] : [['paused', rests] as const]),
        ...(accepted === null
          ? []
          : [['accepted', `${plural(accepted.removals, 'removal')}, for the next pass`] as const]),
      ],
      style,
    ),
    ...(unkept === null
      ? []
      : [`${style.fault('✗')} What follows is known to the running synchronizer alone. ${plain(unkept)}`]),
    ...(fault === null ? [] : [`${style.fault('✗')} The election cannot be held: ${plain(fault)}`]),
  ];
}

/** The last pass: when it ended, what it did, each safe, and what is not as it should be. */
export function renderStatus(
  status: SyncStatus,
  filter: {
    readonly safe: string | null;
    readonly account: string | null;
    readonly carried: readonly CarriedAccount[] | null;
  },
  style: Style,
): readonly string[] {
  const { endedAt, succeededAt, error, mode, stopped, counts, seconds } = status;
  const fields: (readonly [string, unknown])[] = [
    ['ended', endedAt],
    ['result', resultOf(status)],
    ...(error === null && stopped === null ? [] : [['last good', succeededAt ?? 'never'] as const]),
    ...(mode === null ? [] : [['kind', mode] as const]),
    ...Object.entries(counts).filter(([name, count]) => count > 0 || name === 'accounts'),
    ...(seconds['total'] === undefined ? [] : [['seconds', seconds['total']] as const]),
  ];
  return [
    ...renderFields(fields, style),
    ...(error === null ? [] : [`${style.fault('✗')} ${plain(error)}`]),
    ...renderStop(stopped, style),
    ...(filter.account === null ? renderSafes(status.safes, style) : []),
    ...shown(status.reports, (report) => `${style.warning('!')} ${reportText(report)}`),
    ...shown(
      status.failures,
      ({ branch, account, fault, since }) =>
        `${style.fault('✗')} ${plain(`${branch}, ${account ?? 'the safe'}: ${fault}`)}${style.faint(`  since ${since}`)}`,
    ),
    ...(status.unlisted > 0 ? [`  … and ${status.unlisted} more that there was no room for`] : []),
    ...renderCarried(filter, status, style),
  ];
}

/** What would go, the first of it, and how to let it. */
function renderStop(stopped: SyncStatus['stopped'], style: Style): readonly string[] {
  if (stopped === null) return [];
  const { removals, allowed, identifiers } = stopped;
  const first = identifiers.slice(0, mostStopped);
  const more = removals - first.length;
  return [
    `${style.fault('✗')} ${plural(removals, 'removal')}, ${allowed} allowed; nothing was changed. These would go, or be given to another account:`,
    ...first.map((identifier) => `  - ${plain(identifier)}`),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    `  If that is right: holdfast sync accept-removals ${removals}, with the same --config, where the leader runs`,
  ];
}

function renderSafes(safes: readonly SafeStatus[], style: Style): readonly string[] {
  if (safes.length === 0) return [];
  const heading = ['SAFE', 'ACCOUNTS', 'FAILED', 'LAST CHANGES', 'LOOKED AT'].map((text) => ({
    text,
    paint: style.faint,
  }));
  const rows = safes.slice(0, mostShown).map(({ branch, accounts, failed, changed, at, fault }) => {
    const changes = Object.entries(changed).map(([verb, many]) => `${many} ${verb}`);
    return [
      { text: plain(branch) },
      { text: accounts === null ? '?' : String(accounts) },
      failed === 0 ? { text: '0' } : { text: String(failed), paint: style.fault },
      { text: changes.length === 0 ? '-' : changes.join(', ') },
      fault === null ? { text: at } : { text: `${at}  ${plain(fault)}`, paint: style.fault },
    ];
  });
  const more = safes.length - mostShown;
  return [...renderTable([heading, ...rows]), ...(more > 0 ? [`  … and ${more} more`] : [])];
}

function renderCarried(
  { account, safe, carried }: Parameters<typeof renderStatus>[1],
  { failures, reports, safes }: SyncStatus,
  style: Style,
): readonly string[] {
  if (account === null) {
    const isUnknown = safe !== null && safes.length + reports.length === 0;
    return isUnknown ? [`${style.warning('!')} No pass knows of a safe "${plain(safe)}".`] : [];
  }
  if (carried === null || carried.length > 0)
    return (carried ?? []).map(
      ({ lob, safe: of, name, properties }) =>
        `${style.good('✓')} ${plain(`"${name}" in ${lob}, ${of}: ${properties.join(', ')}`)} as of the last pass`,
    );
  return failures.length + reports.length > 0
    ? []
    : [`${style.warning('!')} No pass knows of an account "${plain(account)}".`];
}

function shown<T>(list: readonly T[], line: (item: T) => string): readonly string[] {
  const more = list.length - mostShown;
  return [...list.slice(0, mostShown).map(line), ...(more > 0 ? [`  … and ${more} more`] : [])];
}

function resultOf(status: SyncStatus): string {
  const { error, stopped, failures } = status;
  if (error !== null) return 'ended early';
  if (stopped !== null) return 'stopped: too many removals';
  if (failures.length > 0) return 'done, with failures';
  return needsAttention(status) ? 'done, but for what is said below' : 'done';
}
