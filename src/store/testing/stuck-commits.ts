import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from '../connection.ts';

const giveUpAfterMs = 10_000;

/**
 * Makes every COMMIT of an instance wait for a synchronous standby that never connects. The checkpointer puts the setting
 * into force a moment after the reload, so this returns when a COMMIT of `probe` has been seen waiting.
 *
 * @returns how to let commits through again
 */
export async function stickCommits(superuser: Sql, probe: Sql): Promise<() => Promise<void>> {
  await superuser`alter system set synchronous_standby_names = 'nobody'`;
  await superuser`select pg_reload_conf()`;
  const giveUpAt = performance.now() + giveUpAfterMs;
  for (let stuck = false; !stuck; ) {
    if (performance.now() > giveUpAt) throw new Error('no COMMIT got stuck');
    const committed = commitSomething(probe).then(() => true);
    stuck = !(await Promise.race([committed, waitingBackend(superuser).then((pid) => pid === null)]));
    if (!stuck) continue;
    await cancel(superuser);
    await committed;
  }
  return async () => {
    await superuser`alter system reset synchronous_standby_names`;
    await superuser`select pg_reload_conf()`;
    await commitSomething(probe); // waits until the setting is gone
  };
}

/** The process of a backend whose COMMIT waits for a standby; null when none is seen within a second. */
export async function waitingBackend(superuser: Sql): Promise<number | null> {
  const giveUpAt = performance.now() + 1000;
  while (performance.now() < giveUpAt) {
    const [row] = await superuser<{ pid: number }[]>`
      select pid from pg_stat_activity where wait_event = 'SyncRep'`;
    if (row !== undefined) return row.pid;
    await delay(10);
  }
  return null;
}

/** A transaction that writes something to the log and nothing to a table. */
async function commitSomething(sql: Sql): Promise<void> {
  await sql`select pg_logical_emit_message(true, 'probe', '')`;
}

async function cancel(superuser: Sql): Promise<void> {
  const pid = await waitingBackend(superuser);
  if (pid !== null) await superuser`select pg_cancel_backend(${pid})`;
}
