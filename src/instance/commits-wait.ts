import { localSession } from './session.ts';
import type { RunningInstance } from './running-instance.ts';
import { until } from './until.ts';

/** How long a commit that nobody has to confirm may take before it is looked at. */
const lookAfterMs = 10;

/**
 * Proves that commits wait for standbys, by one that does: a transaction that writes an empty message into the log. To be
 * called while a name is required that cannot confirm (the placeholder); otherwise the proof may end before it is seen.
 *
 * The waiting transaction is left behind: it ends when the names that are set next confirm it. Nobody cancels it.
 *
 * @returns whether a commit was seen waiting before the time ended.
 */
export async function confirmCommitsWait(
  running: RunningInstance,
  options: { readonly timeoutMs: number },
): Promise<boolean> {
  const probe = localSession(running.settings);
  try {
    const [row] = await probe.query('select pg_backend_pid() as pid', options);
    const pid = Number(row?.['pid']);
    let committing = false;
    const look = async (): Promise<true | null> => {
      if (!committing) {
        committing = true;
        const commit = probe.query(`select pg_logical_emit_message(true, 'holdfast', '')`, options);
        const done = (): void => void (committing = false);
        commit.then(done, done);
      }
      return (await isWaiting(running, pid, options.timeoutMs)) ? true : null;
    };
    return (await until(look, { ...options, everyMs: lookAfterMs })) ?? false;
  } finally {
    probe.close();
  }
}

async function isWaiting(running: RunningInstance, pid: number, timeoutMs: number): Promise<boolean> {
  const [row] = await running.session.query(
    `select wait_event = 'SyncRep' as waiting from pg_stat_activity where pid = $1`,
    { timeoutMs, parameters: [pid] },
  );
  return row?.['waiting'] === true;
}
