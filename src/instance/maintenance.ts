import { type Lsn, parseLsn } from '../core/lsn.ts';
import { type RunningInstance, withOwnSession } from './running-instance.ts';

/** Makes a checkpoint now (on a standby, a restart point), on a connection of its own: under load it takes seconds. */
export async function checkpoint(
  running: RunningInstance,
  options: { readonly timeoutMs: number },
): Promise<void> {
  await withOwnSession(running.settings, (session) => session.query('checkpoint', options));
}

/** Ends the current log file of a primary. @returns the end of the log before the switch. */
export async function switchWal(
  running: RunningInstance,
  options: { readonly timeoutMs: number },
): Promise<Lsn> {
  const [row] = await withOwnSession(running.settings, (session) =>
    session.query('select pg_switch_wal()::text as lsn', options),
  );
  return parseLsn(String(row?.['lsn'])) ?? 0n;
}
