import type { ClusterClient } from '../../agent/cluster-client.ts';
import type { ClusterConfig } from '../../core/failover/cluster-state.ts';
import { interruptible } from '../interrupt.ts';

/** Speaks to the cluster of the node in `dir`, and hangs up whatever happens. */
export async function withCluster<T>(
  dir: string,
  work: (cluster: ClusterClient, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { openCluster } = await import('../../agent/cluster-client.ts');
  return interruptible(async (signal) => {
    const cluster = await openCluster(dir);
    try {
      return await work(cluster, signal);
    } finally {
      cluster.close();
    }
  });
}

/** What operators decided for the cluster of the node in `dir`. */
export async function readClusterConfig(dir: string): Promise<ClusterConfig> {
  const [{ connectStore }, { readCluster }, { nodeLayout }, { readNodeConfig }] = await Promise.all([
    import('../../agent/etcd-endpoints.ts'),
    import('../../agent/cluster-state-access.ts'),
    import('../../agent/layout.ts'),
    import('../../agent/node-config.ts'),
  ]);
  const connection = await connectStore(await readNodeConfig(dir), nodeLayout(dir));
  try {
    return (await readCluster(connection)).config.value;
  } finally {
    connection.close();
  }
}
