import type { StoreEntry, StoreSnapshot } from '../coordination/cluster-store.ts';
import { formatLsn, parseLsn } from '../lsn.ts';
import type {
  BeatRecord,
  ClusterConfig,
  ClusterState,
  EvictedRecord,
  ForcedRequest,
  HistoryRecord,
  LeaderRecord,
  MemberReport,
  PromotionRecord,
  ReleasedRecord,
  Stored,
  SwitchoverRequest,
  SyncRecord,
} from './cluster-state.ts';
import type { ClusterKeys } from './keys.ts';

const lsnMark = '$lsn';

/** A record as JSON text; log positions become `{"$lsn":"0/3000148"}`. */
export function encodeRecord(record: object): string {
  return JSON.stringify(record, (_key, value: unknown) =>
    typeof value === 'bigint' ? { [lsnMark]: formatLsn(value) } : value,
  );
}

/** The inverse of `encodeRecord`; null when the text is no such record. */
export function decodeRecord<T extends object>(text: string): T | null {
  try {
    const value: unknown = JSON.parse(text, (_key, inner: unknown) => lsnOf(inner) ?? inner);
    return isRecord<T>(value) ? value : null;
  } catch {
    return null;
  }
}

/** The store is written by this program alone (mutual TLS guards it): an object is taken for the record it should be. */
function isRecord<T extends object>(value: unknown): value is T {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function lsnOf(value: unknown): bigint | null {
  if (typeof value !== 'object' || value === null || !(lsnMark in value)) return null;
  return typeof value[lsnMark] === 'string' ? parseLsn(value[lsnMark]) : null;
}

/**
 * A snapshot of everything under the cluster's prefix as one value; null when the cluster was never initialised there
 * (no `config` or no `sync`). An entry that cannot be read is left out, as if it were not there.
 */
export function decodeCluster(snapshot: StoreSnapshot, keys: ClusterKeys): ClusterState | null {
  const byKey = new Map(snapshot.entries.map((entry) => [entry.key, entry]));
  const one = <T extends object>(key: string): Stored<T> | null => stored<T>(byKey.get(key));
  const all = <T extends object>(prefix: string): [string, Stored<T>][] =>
    snapshot.entries.flatMap((entry) => {
      const record = entry.key.startsWith(prefix) ? stored<T>(entry) : null;
      return record === null ? [] : [[entry.key.slice(prefix.length), record]];
    });
  const config = one<ClusterConfig>(keys.config);
  const sync = one<SyncRecord>(keys.sync);
  if (config === null || sync === null) return null;
  return {
    revision: snapshot.revision,
    config,
    sync,
    leader: one<LeaderRecord>(keys.leader),
    beat: one<BeatRecord>(keys.beat),
    promotion: one<PromotionRecord>(keys.promotion),
    switchover: one<SwitchoverRequest>(keys.switchover),
    forced: one<ForcedRequest>(keys.forced),
    released: all<ReleasedRecord>(`${keys.prefix}released/`).map(([, r]) => r.value),
    history: all<HistoryRecord>(`${keys.prefix}history/`).map(([, r]) => r),
    evicted: new Map(all<EvictedRecord>(`${keys.prefix}evicted/`)),
    members: new Map(all<MemberReport>(`${keys.prefix}members/`)),
  };
}

function stored<T extends object>(entry: StoreEntry | undefined): Stored<T> | null {
  if (entry === undefined) return null;
  const value = decodeRecord<T>(entry.value);
  return value === null
    ? null
    : { value, createRevision: entry.createRevision, modRevision: entry.modRevision };
}
