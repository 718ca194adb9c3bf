import type { ClusterConfig } from '../../core/failover/cluster-state.ts';

/** The cluster's settings, under the names by which they are changed. */
export function renderConfig(config: ClusterConfig): string {
  const { loadBalancer } = config;
  const balancer =
    loadBalancer === null
      ? 'none'
      : [loadBalancer.host, loadBalancer.api, loadBalancer.data, loadBalancer.audit, loadBalancer.peer]
          .filter((part) => part !== undefined)
          .join(':');
  const lines: readonly (readonly [string, string])[] = [
    ['ttl', `${config.ttlMs / 1000}s`],
    ['sync', String(config.syncCount)],
    ['strict', onOrOff(config.strict)],
    ['auto-rejoin', onOrOff(config.autoRejoin)],
    ['load balancer', balancer],
    ['public name', config.publicName],
    ['account', config.account],
    ['nodes', config.members.map(({ name }) => name).join(', ')],
  ];
  const wide = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => `${name.padEnd(wide)}  ${value}`).join('\n');
}

function onOrOff(value: boolean): string {
  return value ? 'on' : 'off';
}
