import type { ClusterConfig } from '../../core/failover/cluster-state.ts';

/** The settings of a cluster that writes to two nodes, without members; with what a test wants otherwise. */
export function clusterConfig(change: Partial<ClusterConfig> = {}): ClusterConfig {
  return {
    ttlMs: 5000,
    beatMs: 600,
    syncCount: 1,
    strict: true,
    autoRejoin: true,
    account: 'demo',
    publicName: 'vault.example.com',
    loadBalancer: null,
    members: [],
    ...change,
  };
}
