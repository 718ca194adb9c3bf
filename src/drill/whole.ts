import type { ClusterStatus } from '../agent/operations.ts';

/** Whether the cluster could lose its master again: protected, everybody streaming, nobody evicted. */
export function isWhole(status: ClusterStatus): boolean {
  return status.protected && whyNotWhole(status).length === 0;
}

/** What is missing, for people. */
export function whyNotWhole({ nodes, advice, ...status }: ClusterStatus): readonly string[] {
  const missing = nodes.flatMap(({ name, role, streaming, evicted }) => {
    if (evicted !== null) return [`${name} is evicted: ${evicted}`];
    if (role === 'down' || role === 'starting') return [`${name} is ${role}`];
    return role === 'master' || streaming ? [] : [`${name} does not stream`];
  });
  return status.protected ? missing : [...missing, ...advice];
}
