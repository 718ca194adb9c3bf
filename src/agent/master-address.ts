import type { ClusterState } from '../core/failover/cluster-state.ts';
import type { PeerAddress } from '../core/serving.ts';
import type { NodeConfig } from './node-config.ts';

/**
 * The ways to the API for nodes of whoever is master: straight to whom the store names, then through the load balancer, where
 * that has a port for it. It knows who is master also when this node is cut off from the store; but it cuts what goes through
 * it when a busy master is late for its checks.
 */
export function masterAddresses(config: NodeConfig, cluster: ClusterState | null): readonly PeerAddress[] {
  const balancer = cluster === null ? config.loadBalancer : cluster.config.value.loadBalancer;
  const straight = peerAddress(cluster, cluster?.leader?.value.name ?? cluster?.sync.value.master);
  return [
    ...(straight === null ? [] : [straight]),
    ...(balancer?.peer === undefined
      ? []
      : [{ host: balancer.host, port: balancer.peer, certificateName: config.publicName }]),
  ];
}

/** The API for nodes of a declared member; null: there is none of that name. */
export function peerAddress(
  cluster: ClusterState | null,
  name: string | null | undefined,
): PeerAddress | null {
  const member = cluster?.config.value.members.find((m) => m.name === name);
  return member === undefined ? null : { host: member.addresses.host, port: member.addresses.peer };
}
