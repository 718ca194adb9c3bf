import { decodeCluster } from '../core/failover/codec.ts';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import type { ClusterState } from '../core/failover/cluster-state.ts';
import { type ClusterKeys, clusterKeys } from '../core/failover/keys.ts';
import { dropLockTransaction, releaseTransaction } from '../core/failover/transactions.ts';
import { describeError } from '../core/problem.ts';
import type { Logger } from '../runtime/log.ts';
import { connectStore } from './etcd-endpoints.ts';
import type { NodeLayout } from './layout.ts';
import type { NodeConfig } from './node-config.ts';

const callMs = 1000;

/**
 * Says for an agent that died what it cannot say itself: its term has ended. To be called once every PostgreSQL process of
 * the node was seen dead. Does nothing when the leader key is another's; a store that does not answer is left to the ttl.
 */
export async function releaseForDeadAgent(
  config: NodeConfig,
  layout: NodeLayout,
  bootId: string,
  log: Logger,
): Promise<void> {
  const keys = clusterKeys(config.cluster);
  try {
    const { store } = await connectStore(config, layout);
    try {
      const cluster = decodeCluster(await store.read(keys.prefix, { timeoutMs: callMs }), keys);
      await dropLock(store, keys, cluster, bootId);
      const leader = cluster?.leader ?? null;
      if (leader === null || leader.value.bootId !== bootId) return;
      const { compare, writes } = releaseTransaction(
        {
          kind: 'release',
          leaderRevision: leader.createRevision,
          term: leader.value.term,
          reason: `the agent of ${config.name} died`,
          successor: null,
        },
        { keys },
      );
      const { succeeded } = await store.txn(compare, writes, { timeoutMs: callMs });
      log.warn({ term: leader.value.term, succeeded }, 'released the term of the dead agent');
    } finally {
      store.close();
    }
  } catch (error) {
    log.warn(`the term of the dead agent was not released, the ttl ends it: ${describeError(error)}`);
  }
}

/** A promotion that died with its agent must not keep the others waiting for the lease of the lock. */
async function dropLock(
  store: ClusterStore,
  keys: ClusterKeys,
  cluster: ClusterState | null,
  bootId: string,
): Promise<void> {
  const lock = cluster?.promotion ?? null;
  if (lock === null || lock.value.bootId !== bootId) return;
  const { compare, writes } = dropLockTransaction(
    { kind: 'drop-lock', lockRevision: lock.createRevision },
    { keys },
  );
  await store.txn(compare, writes, { timeoutMs: callMs });
}
