import type { ClusterState } from '../core/failover/cluster-state.ts';
import type { PeerAddress } from '../core/serving.ts';
import type { NodeConfig } from './node-config.ts';

/**
 * The API for nodes of whoever is master. Behind a load balancer with a port for it, that: it knows better who is master than a
 * node that may be cut off from etcd. Null: nobody is known to be.
 */
export function masterAddress(config: NodeConfig, cluster: ClusterState | null): PeerAddress | null {
  const balancer = cluster === null ? config.loadBalancer : cluster.config.value.loadBalancer;
  if (balancer?.peer !== undefined) {
    return { host: balancer.host, port: balancer.peer, certificateName: config.publicName };
  }
  return peerAddress(cluster, cluster?.leader?.value.name ?? cluster?.sync.value.master);
}

/** The API for nodes of a declared member; null: there is none of that name. */
export function peerAddress(
  cluster: ClusterState | null,
  name: string | null | undefined,
): PeerAddress | null {
  const member = cluster?.config.value.members.find((m) => m.name === name);
  return member === undefined ? null : { host: member.addresses.host, port: member.addresses.peer };
}
