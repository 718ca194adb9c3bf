import type { ClusterState, DeclaredMember, InstanceName } from '../core/failover/cluster-state.ts';
import { loadBalancerTarget } from '../core/failover/replication-source.ts';
import { Problem } from '../core/problem.ts';
import type { Upstream } from '../instance/settings.ts';
import type { NodeConfig } from './node-config.ts';

/**
 * Where the instance of a node, or of whoever is master behind the load balancer, is reached. Every certificate carries
 * the cluster's public name, so that the connection through the load balancer verifies too.
 *
 * @throws Problem `not_found` when the node is not declared
 */
export function upstreamOf(
  target: string,
  instance: InstanceName,
  config: NodeConfig,
  cluster: ClusterState | null,
): Upstream {
  if (target === loadBalancerTarget) return throughLoadBalancer(instance, config, cluster);
  const member = cluster?.config.value.members.find((candidate) => candidate.name === target);
  if (member === undefined) {
    throw new Problem('member_unknown', `${target} is not a declared member of the cluster.`);
  }
  return direct(member, instance);
}

function direct(member: DeclaredMember, instance: InstanceName): Upstream {
  return { certificateName: member.name, address: member.addresses.host, port: member.addresses[instance] };
}

function throughLoadBalancer(
  instance: InstanceName,
  config: NodeConfig,
  cluster: ClusterState | null,
): Upstream {
  const balancer = cluster?.config.value.loadBalancer ?? config.loadBalancer;
  if (balancer !== null) {
    return { certificateName: config.publicName, address: balancer.host, port: balancer[instance] };
  }
  const master = cluster?.leader?.value.name ?? cluster?.sync.value.master;
  const member = cluster?.config.value.members.find((candidate) => candidate.name === master);
  if (member === undefined) {
    throw new Problem('member_unknown', 'loadBalancer: none is configured, and no master is known yet.');
  }
  return direct(member, instance);
}
