import { join } from 'node:path';
import type { EtcdTlsFiles } from '../../coordination/etcd-endpoints.ts';

/** Where one agent of a test listens: fixed before it starts, so that it can be started again. All on loopback. */
export interface ConsulPorts {
  readonly http: number;
  readonly https: number;
  /** Raft and the calls between agents. */
  readonly server: number;
  readonly serfLan: number;
}

/** One agent of a test. */
export interface ConsulSettings {
  /** Of the node. Each agent of a cluster has another one. */
  readonly name: string;
  readonly dataDir: string;
  readonly ports: ConsulPorts;
  readonly role: { readonly kind: 'server'; readonly servers: number } | { readonly kind: 'client' };
  /** `host:port` of the gossip of others; empty for a server alone. */
  readonly join: readonly string[];
  /** The least TTL of a session that it allows; Consul's own floor is 10 s. */
  readonly sessionTtlMinMs: number;
  /** Everything is denied that no token allows. */
  readonly acl: boolean;
  /** HTTPS with these, for clients with a certificate of the same authority. */
  readonly tls: EtcdTlsFiles | null;
  /** A lost agent is noticed in about a second, and not in Consul's usual five or more. */
  readonly quickGossip: boolean;
}

export const loopback = '127.0.0.1';

/** The Unix socket on which an agent listens, too. */
export function socketOf({ dataDir }: Pick<ConsulSettings, 'dataDir'>): string {
  return join(dataDir, 'http.sock');
}

/**
 * The configuration file of an agent (developer.hashicorp.com/consul/docs/agent/config), in names that 1.8 and today's
 * versions both know.
 */
export function consulConfiguration(settings: ConsulSettings): Readonly<Record<string, unknown>> {
  const { name, dataDir, ports, role, acl, tls } = settings;
  return {
    node_name: name,
    data_dir: dataDir,
    bind_addr: loopback,
    client_addr: loopback,
    addresses: { http: `${loopback} unix://${socketOf(settings)}` },
    ports: {
      http: ports.http,
      https: tls === null ? -1 : ports.https,
      server: ports.server,
      serf_lan: ports.serfLan,
      serf_wan: -1,
      dns: -1,
      grpc: -1,
    },
    ...(role.kind === 'server' ? { server: true, bootstrap_expect: role.servers } : { server: false }),
    retry_join: settings.join,
    retry_interval: '1s',
    session_ttl_min: `${settings.sessionTtlMinMs}ms`,
    performance: { raft_multiplier: 1 },
    disable_update_check: true,
    log_level: 'WARN',
    ...(settings.quickGossip ? { gossip_lan: quickGossip } : {}),
    ...(acl ? { acl: { enabled: true, default_policy: 'deny', enable_token_persistence: true } } : {}),
    ...(tls === null
      ? {}
      : {
          ca_file: tls.caFile,
          cert_file: tls.certFile,
          key_file: tls.keyFile,
          verify_incoming_https: true,
        }),
  };
}

/** Five times as busy as Consul's defaults for a local network. */
const quickGossip = {
  gossip_interval: '40ms',
  probe_interval: '200ms',
  probe_timeout: '100ms',
  suspicion_mult: 2,
};
