import { createHash } from 'node:crypto';
import { formatLsn, type Lsn } from '../core/lsn.ts';
import type { RunningInstance } from './running-instance.ts';
import type { Session } from './session.ts';
import { withOwnSession } from './running-instance.ts';

const slotNameLimit = 63; // NAMEDATALEN - 1

/**
 * The physical slot that a node streams with. PostgreSQL allows a-z, 0-9 and `_`: other characters are written as their
 * code, and the end of a long name as its hash, so that two names never share a slot.
 */
export function slotName(nodeName: string): string {
  const plain = nodeName
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, (other) => `_${other.charCodeAt(0).toString(16)}_`);
  const whole = `holdfast_${plain}`;
  if (whole.length <= slotNameLimit) return whole;
  const digest = createHash('sha256').update(nodeName).digest('hex').slice(0, 16);
  return `${whole.slice(0, slotNameLimit - digest.length - 1)}_${digest}`;
}

/** What was done to the slots, and what is wrong with them. */
export interface SlotChanges {
  readonly created: readonly string[];
  readonly dropped: readonly string[];
  readonly advanced: readonly string[];
  /** Log that they should have kept is gone: whoever uses one needs a new copy, and the slot is then made anew. */
  readonly lost: readonly string[];
}

export interface WantedSlots {
  /** Slots that must be there; physical ones that are not named are dropped, unless they are in use. */
  readonly names: readonly string[];
  /** On a standby: how far the owner of a slot is known to be, so that log before it is given up. Never moved back. */
  readonly advanceTo?: Readonly<Record<string, Lsn>>;
}

/**
 * Makes the slots be those wanted. They are kept on every candidate, since a slot is not replicated: a standby must find
 * its own on whoever is promoted.
 *
 * @throws Problem `instance_unavailable`, `instance_failed`.
 */
export async function settleSlots(
  running: RunningInstance,
  wanted: WantedSlots,
  options: { readonly timeoutMs: number },
): Promise<SlotChanges> {
  return withOwnSession(running.settings, async (session) => {
    const present = await readSlots(session, options.timeoutMs);
    const lost = present.filter((slot) => slot.lost && wanted.names.includes(slot.name));
    const unwanted = present.filter(
      (slot) => !slot.active && (slot.lost || !wanted.names.includes(slot.name)),
    );
    for (const slot of unwanted) {
      await session.query('select pg_drop_replication_slot($1)', { ...options, parameters: [slot.name] });
    }
    const kept = present.filter((slot) => !unwanted.includes(slot));
    const missing = wanted.names.filter((name) => !kept.some((slot) => slot.name === name));
    for (const name of missing) {
      // With `true` it keeps log from now on, not only from its first use.
      await session.query('select pg_create_physical_replication_slot($1, true)', {
        ...options,
        parameters: [name],
      });
    }
    return {
      created: missing,
      dropped: unwanted.map((slot) => slot.name),
      advanced: await advance(session, kept, wanted.advanceTo ?? {}, options.timeoutMs),
      lost: lost.map((slot) => slot.name),
    };
  });
}

interface Slot {
  readonly name: string;
  readonly active: boolean;
  readonly lost: boolean;
}

async function readSlots(session: Session, timeoutMs: number): Promise<readonly Slot[]> {
  const rows = await session.query(
    `select slot_name, active, coalesce(wal_status = 'lost', false) as lost from pg_replication_slots
       where slot_type = 'physical' and not temporary`,
    { timeoutMs, repeated: true },
  );
  return rows.map((row) => ({
    name: String(row['slot_name']),
    active: row['active'] === true,
    lost: row['lost'] === true,
  }));
}

async function advance(
  session: Session,
  slots: readonly Slot[],
  advanceTo: Readonly<Record<string, Lsn>>,
  timeoutMs: number,
): Promise<readonly string[]> {
  const advanced: string[] = [];
  for (const slot of slots) {
    const target = advanceTo[slot.name];
    if (target === undefined || slot.active || slot.lost) continue;
    // Not beyond what this node has itself: PostgreSQL would refuse, and there is nothing to give up there.
    const rows = await session.query(
      `select pg_replication_slot_advance(slot_name, least($2::pg_lsn, here))
         from pg_replication_slots, lateral (select case when pg_is_in_recovery()
           then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end as here) as place
         where slot_name = $1 and restart_lsn < least($2::pg_lsn, here)`,
      { timeoutMs, parameters: [slot.name, formatLsn(target)] },
    );
    if (rows.length > 0) advanced.push(slot.name);
  }
  return advanced;
}
