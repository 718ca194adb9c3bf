import { Problem } from '../core/problem.ts';
import { confirmCommitsWait } from './commits-wait.ts';
import type { RunningInstance } from './running-instance.ts';
import { placeholderName } from '../core/failover/eligibility.ts';
import { synchronousNamesValue } from './synchronous-names.ts';
import { until } from './until.ts';

/** How a change of the required standbys ended. */
export interface SynchronousResult {
  /** Seen in every sender, and commits that must wait do wait. False: the time ended first; it may still come. */
  readonly inEffect: boolean;
  /** Required standbys that are connected. */
  readonly connected: readonly string[];
  /** Required standbys that are not: commits wait for them. The placeholder is not counted. */
  readonly missing: readonly string[];
}

/**
 * Requires exactly `names` (see `synchronousNamesValue`; the placeholder may be one) for each commit, and waits until that
 * is in effect. A reload reaches each process at its own time, so what this session shows proves nothing: the senders,
 * which release waiting commits, are asked (`sync_priority` is what each of them computed for itself).
 *
 * From "nobody" to "somebody" there is one process more: the checkpointer, which tells backends that they must wait at
 * all. There the placeholder goes first, until a commit is seen waiting.
 *
 * @throws Problem `config_invalid` for a name that cannot be; `instance_unavailable`.
 */
export async function setSynchronousNames(
  running: RunningInstance,
  names: readonly string[],
  options: { readonly timeoutMs: number },
): Promise<SynchronousResult> {
  const value = synchronousNamesValue(names);
  const deadline = performance.now() + options.timeoutMs;
  if (names.length > 0 && !running.commitsWait) {
    await running.reconfigure(
      { synchronousStandbyNames: synchronousNamesValue([placeholderName]) },
      { timeoutMs: remaining(deadline) },
    );
    if (!(await confirmCommitsWait(running, { timeoutMs: remaining(deadline) }))) {
      return { inEffect: false, connected: [], missing: names.filter((name) => name !== placeholderName) };
    }
    running.commitsWereSeenWaiting();
  }
  await running.reconfigure({ synchronousStandbyNames: value }, { timeoutMs: remaining(deadline) });
  let last: Senders | null = null;
  const look = async (): Promise<true | null> => {
    last = await askSenders(running, remaining(deadline));
    return isInEffect(last, value, names) ? true : null;
  };
  const seen = await until(look, { timeoutMs: remaining(deadline), everyMs: 5 });
  const connected = names.filter((name) => last?.rows.some((row) => matches(row.applicationName, name)));
  return {
    inEffect: seen === true,
    connected,
    missing: names.filter((name) => name !== placeholderName && !connected.includes(name)),
  };
}

interface Senders {
  readonly value: string;
  readonly inRecovery: boolean;
  readonly rows: readonly { readonly applicationName: string; readonly priority: number }[];
}

async function askSenders(running: RunningInstance, timeoutMs: number): Promise<Senders> {
  const rows = await running.session.query(
    `select current_setting('synchronous_standby_names') as value, pg_is_in_recovery() as in_recovery,
       application_name, sync_priority from (values (1)) as one left join pg_stat_replication on true`,
    { timeoutMs, repeated: true },
  );
  const [first] = rows;
  if (first === undefined) throw new Problem('instance_failed', 'pg_stat_replication gave no answer');
  return {
    value: String(first['value']),
    inRecovery: first['in_recovery'] === true,
    rows: rows
      .filter((row) => row['application_name'] !== null)
      .map((row) => ({
        applicationName: String(row['application_name']),
        priority: Number(row['sync_priority']),
      })),
  };
}

/**
 * Every sender gives its standby the rank that the names give it: its place in the list, 0 for one that is not named. The
 * senders of a standby give no rank to anybody (manual, "Cascading Replication"): until it is promoted nothing is acknowledged.
 */
function isInEffect(senders: Senders, value: string, names: readonly string[]): boolean {
  const rankOf = (applicationName: string): number =>
    senders.inRecovery ? 0 : names.findIndex((name) => matches(applicationName, name)) + 1;
  return senders.value === value && senders.rows.every((row) => row.priority === rankOf(row.applicationName));
}

/** As PostgreSQL compares them: without regard to case. */
function matches(applicationName: string, name: string): boolean {
  return applicationName.toLowerCase() === name.toLowerCase();
}

function remaining(deadline: number): number {
  return Math.max(1, deadline - performance.now());
}
