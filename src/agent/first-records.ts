import { Problem } from '../core/problem.ts';
import type { Compare, Write } from '../core/coordination/cluster-store.ts';
import type {
  ClusterConfig,
  HistoryRecord,
  ReleasedRecord,
  SyncRecord,
} from '../core/failover/cluster-state.ts';
import { encodeRecord } from '../core/failover/codec.ts';
import type { StoreConnection } from './etcd-endpoints.ts';
import type { NodeConfig } from './node-config.ts';
import type { InitOptions } from './operations.ts';

const callMs = 5000;

/** A master renews well within the sixth of the ttl that is its limit. */
export function beatOf(ttlMs: number): number {
  return Math.min(1000, Math.floor(ttlMs / 8));
}

/** What operators decide, as a new cluster begins. */
export function firstConfig(options: InitOptions, node: NodeConfig): ClusterConfig {
  const { ttlMs, syncCount, account, publicName, loadBalancer } = options;
  const { name, kind, addresses } = node;
  return {
    ttlMs,
    beatMs: beatOf(ttlMs),
    syncCount,
    strict: true,
    autoRejoin: true,
    account,
    publicName,
    loadBalancer,
    members: [{ name, kind, addresses }],
  };
}

/**
 * Term 1 is over before it began: `init` filled the instances and stopped them. The node's first start takes term 2,
 * alone, as any other takeover.
 */
function firstRecords(name: string): {
  readonly sync: SyncRecord;
  readonly history: HistoryRecord;
  readonly released: ReleasedRecord;
} {
  const why = 'initialised';
  return {
    sync: { term: 1, master: name, standbys: [], previous: [], alone: true },
    history: {
      term: 1,
      from: name,
      to: name,
      why,
      timelines: { data: 1, audit: 1 },
      forced: false,
      switchLsn: null,
    },
    released: { term: 1, reason: why, successor: null },
  };
}

/** @throws Problem `cluster_exists` when the store knows a cluster of that name which is not this attempt's own */
export async function requireNoCluster(
  connection: StoreConnection,
  cluster: string,
  initId: string,
): Promise<void> {
  const { store, keys } = connection;
  const { entries } = await store.read(keys.prefix, { timeoutMs: callMs });
  if (entries.length === 0) return;
  const [mark] = (await store.read(markKey(keys.prefix), { timeoutMs: callMs })).entries;
  if (mark?.value !== initId) throw clusterExists(cluster);
}

/**
 * Writes the first records, all or none. An earlier attempt of the same init, stopped between this write and its end, left
 * its own: those are replaced.
 *
 * @throws Problem `cluster_exists`, or as the store's calls do
 */
export async function writeFirstRecords(
  connection: StoreConnection,
  facts: {
    readonly cluster: string;
    readonly name: string;
    readonly config: ClusterConfig;
    readonly initId: string;
  },
): Promise<void> {
  const { store, keys } = connection;
  const first = firstRecords(facts.name);
  const mark = markKey(keys.prefix);
  const put = (key: string, record: object): Write => ({ kind: 'put', key, value: encodeRecord(record) });
  const writes: readonly Write[] = [
    put(keys.config, facts.config),
    put(keys.sync, first.sync),
    put(keys.history(1), first.history),
    put(keys.released(1), first.released),
    { kind: 'put', key: mark, value: facts.initId },
  ];
  const attempts: readonly (readonly Compare[])[] = [
    [{ key: keys.config, target: 'create', equals: 0 }],
    [{ key: mark, target: 'value', equals: facts.initId }],
  ];
  for (const compare of attempts) {
    if ((await store.txn(compare, writes, { timeoutMs: callMs })).succeeded) return;
  }
  throw clusterExists(facts.cluster);
}

/** Beside what a turn reads, as the tokens are. */
function markKey(prefix: string): string {
  return prefix.replace(/state\/$/u, 'init');
}

function clusterExists(cluster: string): Problem {
  return new Problem(
    'cluster_exists',
    `--cluster: the etcd that --etcd names holds a cluster "${cluster}" already. Join it with "holdfast join", or name another. (If it is of no use any more: etcdctl del --prefix /holdfast/${cluster}/)`,
  );
}
