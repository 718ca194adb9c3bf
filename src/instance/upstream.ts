import { setTimeout as sleep } from 'node:timers/promises';
import { replicationConninfo } from './conninfo.ts';
import type { RunningInstance } from './running-instance.ts';
import type { Upstream } from './settings.ts';
import { until } from './until.ts';

/**
 * Makes a standby stream from `upstream` (null: from nobody) by a reload, and waits until the server has read it. Whether
 * it streams is seen by observation.
 *
 * @returns whether the server had read it when the time ended; it is written in any case.
 */
export async function setPrimary(
  running: RunningInstance,
  target: { readonly upstream: Upstream | null; readonly slotName: string | null },
  options: { readonly timeoutMs: number },
): Promise<boolean> {
  const primaryConninfo =
    target.upstream === null ? '' : replicationConninfo(running.settings, target.upstream);
  await running.reconfigure({ primaryConninfo, primarySlotName: target.slotName ?? '' }, options);
  const look = async (): Promise<true | null> => {
    const [row] = await running.session.query(
      `select current_setting('primary_conninfo') as conninfo, current_setting('primary_slot_name') as slot`,
      { ...options, repeated: true },
    );
    return row?.['conninfo'] === primaryConninfo && row['slot'] === (target.slotName ?? '') ? true : null;
  };
  return (await until(look, { ...options, everyMs: 5 })) ?? false;
}

/** Longer than the startup process needs to obey a reload, and than a new receiver needs to show itself. */
const settleMs = 25;

/**
 * Cuts a standby off from its primary, so that it acknowledges nothing any more: the connection string emptied, then the
 * receiver *seen* gone. Seen twice, a moment apart, and by the process list too: a receiver that was asked for just before
 * the reload shows only there until it is connected.
 *
 * @returns true when nothing receives any more; false when that was not seen in time (the caller gives up its claim and
 * restores the connection with `setPrimary`).
 * @throws Problem `instance_unavailable` when the server does not answer: nobody knows then.
 */
export async function disconnectFromPrimary(
  running: RunningInstance,
  options: { readonly timeoutMs: number },
): Promise<boolean> {
  const deadline = performance.now() + options.timeoutMs;
  await running.reconfigure({ primaryConninfo: '', primarySlotName: '' }, options);
  const look = async (): Promise<true | null> => {
    if (!(await isCutOff(running, remaining(deadline)))) return null;
    await sleep(settleMs);
    return (await isCutOff(running, remaining(deadline))) ? true : null;
  };
  return (await until(look, { timeoutMs: remaining(deadline), everyMs: 5 })) ?? false;
}

function remaining(deadline: number): number {
  return Math.max(1, deadline - performance.now());
}

async function isCutOff(running: RunningInstance, timeoutMs: number): Promise<boolean> {
  const [row] = await running.session.query(
    `select current_setting('primary_conninfo') = ''
       and not exists (select from pg_stat_wal_receiver)
       and not exists (select from pg_stat_activity where backend_type = 'walreceiver') as cut_off`,
    { timeoutMs, repeated: true },
  );
  return row?.['cut_off'] === true;
}
