import { furthest, type Lsn, parseLsn } from '../core/lsn.ts';
import { Problem } from '../core/problem.ts';
import type { Session } from './session.ts';
import { parseSynchronousNames } from './synchronous-names.ts';

/** One standby as its sender sees it (pg_stat_replication). */
export interface ReplicationRow {
  readonly applicationName: string;
  readonly state: string;
  readonly syncState: string;
  /** 1 for the first required name, and so on; 0: not required. From the sender itself, so it shows what is in effect. */
  readonly syncPriority: number;
  readonly sentLsn: Lsn | null;
  readonly flushLsn: Lsn | null;
  readonly replayLsn: Lsn | null;
}

export interface WalReceiverFacts {
  readonly status: string;
  readonly writtenLsn: Lsn | null;
  readonly flushedLsn: Lsn | null;
  readonly senderHost: string | null;
  readonly senderPort: number | null;
}

export interface SlotFacts {
  readonly name: string;
  readonly active: boolean;
  readonly restartLsn: Lsn | null;
  /** `lost`: log that it should have kept is gone; whoever used it needs a new copy. */
  readonly walStatus: string | null;
}

/** What a server that answers says of itself. Positions are bytes; `formatLsn` prints them. */
export interface ServerFacts {
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly inRecovery: boolean;
  readonly startedAt: string;
  /** On a primary: end of the log written, and of the log on disk. Null on a standby. */
  readonly currentLsn: Lsn | null;
  readonly flushLsn: Lsn | null;
  /** On a standby: how far the log was received (never less than replayed), and replayed. Null on a primary. */
  readonly receivedLsn: Lsn | null;
  readonly replayedLsn: Lsn | null;
  /** Seconds since the last replayed transaction was committed, by the two machines' wall clocks: for show only. */
  readonly lastReplayAgeSeconds: number | null;
  /** Null: no such process, or it is not connected yet. `walReceiverAlive` tells the two apart. */
  readonly walReceiver: WalReceiverFacts | null;
  readonly walReceiverAlive: boolean;
  readonly primaryConninfo: string;
  readonly synchronousStandbyNames: readonly string[];
  readonly replication: readonly ReplicationRow[];
  readonly slots: readonly SlotFacts[];
}

/** Asks everything in one round trip. @throws Problem, as `Session.query`. */
export async function askServer(session: Session, timeoutMs: number): Promise<ServerFacts> {
  const [row] = await session.query(statement, { timeoutMs, repeated: true });
  const text = row?.['facts'];
  if (typeof text !== 'string') throw new Problem('instance_failed', 'the server answered nothing');
  const raw: RawFacts = JSON.parse(text);
  return decode(raw);
}

// The timeline of a standby: pg_control knows it only from the last restart point, and the receiver only while there is one.
// But the segment with the last byte of log carries in its name the timeline that this byte was received on.
// A promotion between two of the functions turns `r` from true to false, never back: each branch stays valid.
const statement = `select json_build_object(
  'systemIdentifier', (select system_identifier::text from pg_control_system()),
  'inRecovery', r,
  'timeline', case when r then coalesce(greatest(
      (select received_tli from pg_stat_wal_receiver),
      (select max(('x' || substr(file.name, 1, 8))::bit(32)::int)
         from (select greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn - 1 as byte) as last,
           pg_size_bytes(current_setting('wal_segment_size')) as segment, pg_ls_waldir() as file
         where substr(file.name, 9) = upper(lpad(to_hex(div(last.byte, 4294967296)::bigint), 8, '0')
           || lpad(to_hex(div(mod(last.byte, 4294967296), segment)::bigint), 8, '0')))),
      (select timeline_id from pg_control_checkpoint()))
    else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end,
  'startedAt', to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'currentLsn', case when not r then pg_current_wal_lsn() end,
  'flushLsn', case when not r then pg_current_wal_flush_lsn() end,
  'receivedLsn', case when r then pg_last_wal_receive_lsn() end,
  'replayedLsn', case when r then pg_last_wal_replay_lsn() end,
  'lastReplayAgeSeconds',
    case when r then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 end,
  'walReceiver', (select json_build_object('status', status, 'writtenLsn', written_lsn, 'flushedLsn', flushed_lsn,
    'senderHost', sender_host, 'senderPort', sender_port) from pg_stat_wal_receiver),
  'walReceiverAlive', exists (select from pg_stat_activity where backend_type = 'walreceiver'),
  'primaryConninfo', current_setting('primary_conninfo'),
  'synchronousStandbyNames', current_setting('synchronous_standby_names'),
  'replication', (select coalesce(json_agg(json_build_object('applicationName', application_name, 'state', state,
    'syncState', sync_state, 'syncPriority', sync_priority, 'sentLsn', sent_lsn, 'flushLsn', flush_lsn,
    'replayLsn', replay_lsn) order by application_name), '[]') from pg_stat_replication),
  'slots', (select coalesce(json_agg(json_build_object('name', slot_name, 'active', active, 'restartLsn', restart_lsn,
    'walStatus', wal_status) order by slot_name), '[]') from pg_replication_slots where not temporary)
)::text as facts from pg_is_in_recovery() as r`;

/** The same shape with positions as text. */
type Raw<T> = {
  [K in keyof T]: K extends `${string}Lsn`
    ? string | null
    : T[K] extends readonly (infer E extends object)[]
      ? readonly Raw<E>[]
      : T[K] extends object | null
        ? Raw<Exclude<T[K], null>> | null
        : T[K];
};
type RawFacts = Raw<Omit<ServerFacts, 'synchronousStandbyNames'>> & {
  readonly synchronousStandbyNames: string;
};

function decode(raw: RawFacts): ServerFacts {
  const replayedLsn = position(raw.replayedLsn);
  return {
    ...raw,
    currentLsn: position(raw.currentLsn),
    flushLsn: position(raw.flushLsn),
    // After a restart the receiver begins at the start of a segment: less than what was replayed from disk.
    receivedLsn: furthest(position(raw.receivedLsn), replayedLsn),
    replayedLsn,
    walReceiver:
      raw.walReceiver === null
        ? null
        : {
            ...raw.walReceiver,
            writtenLsn: position(raw.walReceiver.writtenLsn),
            flushedLsn: position(raw.walReceiver.flushedLsn),
          },
    synchronousStandbyNames: parseSynchronousNames(raw.synchronousStandbyNames),
    replication: raw.replication.map((row) => ({
      ...row,
      sentLsn: position(row.sentLsn),
      flushLsn: position(row.flushLsn),
      replayLsn: position(row.replayLsn),
    })),
    slots: raw.slots.map((slot) => ({ ...slot, restartLsn: position(slot.restartLsn) })),
  };
}

function position(text: string | null): Lsn | null {
  return text === null ? null : parseLsn(text);
}
