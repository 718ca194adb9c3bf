import type { ClusterContext } from './context.ts';

/** `follow`'s target that means: through the load balancer. */
export const loadBalancerTarget = '(load balancer)';

/** The node to copy or rewind from: the leader that lives. */
export function sourceOf(c: ClusterContext): string | null {
  const { leader } = c.cluster;
  if (leader === null || leader.value.name === c.view.self.name) return null;
  return c.view.self.kind === 'standby' ? leader.value.name : throughLoadBalancer(c);
}

/** Whom this node streams from: candidates from the master itself, the others through the load balancer. */
export function targetOf(c: ClusterContext): string | null {
  const { master } = c.cluster.sync.value;
  if (master === c.view.self.name) return null;
  return c.view.self.kind === 'standby' ? master : throughLoadBalancer(c);
}

/** A source or target in a sentence. */
export function describeSource(target: string): string {
  return target === loadBalancerTarget ? 'the master through the load balancer' : target;
}

function throughLoadBalancer(c: ClusterContext): string {
  return c.cluster.config.value.loadBalancer === null ? c.cluster.sync.value.master : loadBalancerTarget;
}
