import type { Write } from '../core/coordination/cluster-store.ts';
import type {
  ClusterConfig,
  DeclaredMember,
  HistoryRecord,
  NodeAddresses,
  PerInstance,
  SyncRecord,
} from '../core/failover/cluster-state.ts';
import { encodeRecord } from '../core/failover/codec.ts';
import type { ClusterKeys } from '../core/failover/keys.ts';
import type { LocalRecord } from '../core/failover/view.ts';
import { formatLsn, type Lsn } from '../core/lsn.ts';
import type { KnownCluster } from './known-cluster.ts';

/**
 * Room for terms and timelines that this node never heard of: were one of those numbers given again, what is left of the
 * lost cluster (a follower that was ahead) would be taken for a part of the new one's log.
 */
const room = 10;

export interface RecoveryFacts {
  readonly name: string;
  readonly addresses: NodeAddresses;
  readonly known: KnownCluster;
  readonly record: LocalRecord;
  /** Where the two logs end, and the highest timelines that they know. */
  readonly lsn: PerInstance<Lsn>;
  readonly timelines: PerInstance<number>;
}

/** What stands in the new etcd when the node starts. */
export interface RecoveryRecords {
  readonly config: ClusterConfig;
  readonly sync: SyncRecord;
  /** The terms that were known, and last the one that the recovery stands for. */
  readonly history: readonly HistoryRecord[];
}

/**
 * A cluster of one node. The recovery is a term of its own, which nobody served: its history tells what was given up, and
 * in it this node is the only one that can begin another. So its next start takes over by the ordinary rules; and a lost
 * machine that comes back against the operator's word, and reaches this etcd, holds nothing here and can become nothing.
 */
export function recoveryRecords(facts: RecoveryFacts): RecoveryRecords {
  const { name, addresses, known, record, lsn } = facts;
  const { sync: last } = known;
  const terms = known.history.map(({ term }) => term);
  const term = Math.max(last.term, known.leader?.term ?? 0, record.claimedTerm, ...terms) + room;
  const self: DeclaredMember = { name, kind: 'standby', addresses };
  const timelines = { data: highest('data', facts) + room, audit: highest('audit', facts) + room };
  const keptUpTo = { data: formatLsn(lsn.data), audit: formatLsn(lsn.audit) };
  // A master that never had a standby goes on alone, as before.
  const alone = last.alone && last.master === name;
  return {
    config: { ...known.config, members: [self, ...followersKept(facts)] },
    sync: { term, master: name, standbys: [], previous: alone ? [] : [name], alone },
    history: [
      ...known.history,
      {
        term,
        from: last.master,
        to: name,
        why: `recovered: an operator accepted the loss of every write after ${keptUpTo.data} in data and ${keptUpTo.audit} in audit`,
        timelines,
        forced: true,
        switchLsn: keptUpTo,
      },
    ],
  };
}

/** Followers find the new etcd where it stands at an address that the cluster knew; the others have to join anew. */
export function followersKept({
  name,
  known,
}: Pick<RecoveryFacts, 'name' | 'known'>): readonly DeclaredMember[] {
  const { members } = known.config;
  const hadEtcd = members.find((member) => member.name === name)?.addresses.etcdClient ?? null;
  return hadEtcd === null ? [] : members.filter(({ kind }) => kind === 'follower');
}

export function recoveryWrites(keys: ClusterKeys, records: RecoveryRecords): readonly Write[] {
  const put = (key: string, record: object): Write => ({ kind: 'put', key, value: encodeRecord(record) });
  return [
    put(keys.config, records.config),
    put(keys.sync, records.sync),
    ...records.history.map((one) => put(keys.history(one.term), one)),
  ];
}

function highest(instance: 'data' | 'audit', { known, record, timelines }: RecoveryFacts): number {
  const planned = known.history.map((one) => one.timelines[instance]);
  return Math.max(timelines[instance], record.planned?.[instance] ?? 0, ...planned);
}
