import type { ClusterConfig } from '../core/failover/cluster-state.ts';
import { Problem } from '../core/problem.ts';
import { haproxyConfig } from './haproxy-config.ts';
import type { HaproxySettings } from './haproxy-settings.ts';
import type { NodeLayout } from './layout.ts';

/** What an operator may want otherwise than the cluster declares it. */
export type HaproxyOptions = Partial<Omit<HaproxySettings, 'nodes' | 'frontends' | 'dnsName'>> & {
  /** Address to listen on, or several with commas between; every one of the machine by default. */
  readonly listen?: string;
  /** Port of the pool of followers; none by default. */
  readonly followersPort?: number;
  /** Where HAProxy's own page is; nowhere by default. */
  readonly stats?: { readonly host: string; readonly port: number };
};

/** @throws Problem `config_invalid` when the cluster does not know its load balancer's ports, or for a bad option */
export function haproxyOf(config: ClusterConfig, layout: NodeLayout, options: HaproxyOptions): string {
  const { listen: host = '0.0.0.0', followersPort, stats, ...rest } = options;
  const { loadBalancer } = config;
  if (loadBalancer === null) {
    throw new Problem(
      'config_invalid',
      '--load-balancer: the cluster does not know which ports its load balancer listens on. Tell it with "holdfast init --load-balancer", or "holdfast lb set".',
    );
  }
  return haproxyConfig({
    caFile: layout.tls.ca,
    ...rest,
    dnsName: config.publicName,
    frontends: {
      api: { host, port: loadBalancer.api },
      dataPostgres: { host, port: loadBalancer.data },
      auditPostgres: { host, port: loadBalancer.audit },
      ...(loadBalancer.peer === undefined ? {} : { peer: { host, port: loadBalancer.peer } }),
      ...(followersPort === undefined ? {} : { followers: { host, port: followersPort } }),
      ...(stats === undefined ? {} : { stats }),
    },
    nodes: config.members.map(({ name, kind, addresses }) => ({
      name,
      kind,
      host: addresses.host,
      apiPort: addresses.api,
      peerPort: addresses.peer,
      dataPort: addresses.data,
      auditPort: addresses.audit,
    })),
  });
}
