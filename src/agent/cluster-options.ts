import type { LoadBalancerAddress } from '../core/failover/cluster-state.ts';
import { missingEtcdFiles, needlessEtcdFiles } from './etcd-credentials.ts';
import { failOn, hostFaults, isPort, nameFaults } from './node-options.ts';
import type { InitOptions } from './operations.ts';

/** etcd runs with an election timeout of 500 ms: below this a change of its leader would look like a dead master. */
export const leastTtlMs = 2000;
export const mostTtlMs = 300_000;
const mostSyncCount = 4;

/**
 * What only `init` is told.
 *
 * @throws Problem `config_invalid` with all faults in one
 */
export function assertClusterOptions(options: InitOptions): void {
  const { cluster, account, publicName, externalEtcd, etcdFiles, loadBalancer, ports } = options;
  const external = externalEtcd.length > 0;
  const needless = external ? [] : needlessEtcdFiles(etcdFiles);
  failOn([
    ...nameFaults('--cluster', cluster),
    ...(/^[^\s:/!\p{Cc}]{1,128}$/u.test(account)
      ? []
      : ['--account: use 1 to 128 characters without space, colon, slash or "!"']),
    ...hostFaults('--public-name', publicName),
    ...settingFaults(options),
    ...externalEtcd.flatMap(urlFaults),
    ...(external ? missingEtcdFiles(etcdFiles) : []),
    ...(needless.length === 0 ? [] : [`${needless.join(', ')}: name the external etcd with --etcd`]),
    ...(loadBalancer === null ? [] : loadBalancerFaults(loadBalancer)),
    ...(!external && ports.etcdClient === null
      ? [
          '--etcd-client-port, --etcd-peer-port: the first node runs an etcd member, unless --etcd names an external etcd',
        ]
      : []),
  ]);
}

/** Faults of the settings that can be changed later too. */
export function settingFaults(settings: {
  readonly ttlMs?: number;
  readonly syncCount?: number;
}): readonly string[] {
  const { ttlMs = leastTtlMs, syncCount = 1 } = settings;
  const ttlIsGood = Number.isInteger(ttlMs) && ttlMs >= leastTtlMs && ttlMs <= mostTtlMs;
  const countIsGood = Number.isInteger(syncCount) && syncCount >= 1 && syncCount <= mostSyncCount;
  return [
    ...(ttlIsGood
      ? []
      : [`--ttl: ${ttlMs / 1000} s must be between ${leastTtlMs / 1000} and ${mostTtlMs / 1000} s`]),
    ...(countIsGood ? [] : [`--sync: ${syncCount} must be a whole number from 1 to ${mostSyncCount}`]),
  ];
}

export function loadBalancerFaults(address: LoadBalancerAddress): readonly string[] {
  const { api, data, audit, peer } = address;
  const ports = [api, data, audit, ...(peer === undefined ? [] : [peer])];
  return [
    ...hostFaults('--load-balancer', address.host),
    ...(ports.every(isPort) ? [] : ['--load-balancer: a port is not between 1 and 65535']),
    ...(new Set(ports).size === ports.length ? [] : ['--load-balancer: its ports must differ']),
  ];
}

function urlFaults(text: string): readonly string[] {
  const url = URL.canParse(text) ? new URL(text) : null;
  const shown = text.slice(0, 80);
  if (url?.protocol === 'http:') {
    return [`--etcd: "${shown}" is without TLS; every connection of a cluster is mutual TLS. Use https`];
  }
  const good = url !== null && url.protocol === 'https:' && url.hostname !== '';
  return good ? [] : [`--etcd: "${shown}" must be written as https://host:port`];
}
