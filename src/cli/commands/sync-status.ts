import { needsAttention } from '../../core/sync/attention.ts';
import type { SyncStatus } from '../../synchronizer/state/status.ts';
import type { CliContext } from '../context.ts';
import { jsonText } from '../render/json-text.ts';
import { renderStanding, renderStatus } from '../render/sync-status.ts';

export interface SyncStatusArguments {
  readonly config: string;
  readonly safe?: string;
  readonly account?: string;
  readonly json?: true;
}

/** What the synchronizer of this state directory is, what its last pass did, and what is not as it should be. */
export async function syncStatus(given: SyncStatusArguments, context: CliContext): Promise<void> {
  const [
    { readPlace },
    { readStatus },
    { selectStatus },
    { findAccounts },
    { readPause },
    { readStanding },
    { askHolder },
    { readAccepted },
    { unkeptStatusIn },
  ] = await Promise.all([
    import('../../synchronizer/config/read-place.ts'),
    import('../../synchronizer/state/status-file.ts'),
    import('../../synchronizer/state/select-status.ts'),
    import('../../synchronizer/state/find-account.ts'),
    import('../../synchronizer/run/pause.ts'),
    import('../../synchronizer/state/standing-file.ts'),
    import('../../synchronizer/state/ask-holder.ts'),
    import('../../synchronizer/run/accepted.ts'),
    import('../../synchronizer/state/status-keeper.ts'),
  ]);
  const { stateDirectory, layout } = await readPlace(given.config);
  const said = await askHolder(stateDirectory);
  const running = said !== null;
  // What the disk did not take, the process that runs knows.
  const unkept = unkeptStatusIn(said ?? '');
  const standing = {
    running,
    role: await readStanding(stateDirectory),
    paused: await readPause(stateDirectory),
    accepted: await readAccepted(stateDirectory),
    unkept: unkept?.fault ?? null,
  };
  const whole = unkept?.status ?? (await readStatus(stateDirectory));
  const { safe = null, account = null } = given;
  if (whole === null) {
    if (given.json) context.answer(jsonText({ ...standing, endedAt: null }));
    else context.answer([...renderStanding(standing, context.style), 'There was no pass yet.'].join('\n'));
    // One that waits for its turn makes no pass.
    if (!running || standing.role?.role !== 'standby' || standing.role.fault !== null) process.exitCode = 1;
    return;
  }
  const found = selectStatus(layout, whole, { safe, account });
  const carried = account === null ? null : await findAccounts(stateDirectory, account);
  const here = carried?.filter((each) => safe === null || each.safe === safe) ?? null;
  if (given.json)
    context.answer(jsonText({ ...standing, ...found, ...(here === null ? {} : { carried: here }) }));
  else {
    const filter = { safe, account, carried: here };
    context.answer(
      [...renderStanding(standing, context.style), ...renderStatus(found, filter, context.style)].join('\n'),
    );
  }
  if (running && (standing.role?.fault ?? null) !== null) process.exitCode = 1;
  if (unkept !== null) process.exitCode = 1;
  const isUnread = found.error !== null || found.safes.some(({ fault }) => fault !== null);
  if (isUnread || needsAttention(found) || isUnknown(found, safe, account, here?.length ?? 0))
    process.exitCode = 1;
}

/** Nothing that is called so: perhaps a slip of the pen. */
function isUnknown(
  { safes, failures, reports }: SyncStatus,
  safe: string | null,
  account: string | null,
  carried: number,
): boolean {
  if (account !== null) return carried + failures.length + reports.length === 0;
  return safe !== null && safes.length + reports.length === 0;
}
