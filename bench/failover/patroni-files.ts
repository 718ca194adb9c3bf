import type { EtcdTlsFiles } from '../../src/coordination/etcd-endpoints.ts';
import type { Contender } from './contenders.ts';

/** Where one node of Patroni's cluster lives, all on loopback. */
export interface PatroniNode {
  readonly name: string;
  readonly restPort: number;
  readonly postgresPort: number;
  readonly pgdata: string;
}

export interface PatroniPlan {
  readonly settings: Extract<Contender, { kind: 'patroni' }>;
  readonly nodes: readonly PatroniNode[];
  readonly balancerPort: number;
  /** `host:port` of etcd's members. */
  readonly etcd: readonly string[];
  readonly tls: EtcdTlsFiles;
  readonly binDir: string;
  /** Made for this cluster: of every role of PostgreSQL, and of Patroni's own API. */
  readonly password: string;
}

export const superuser = 'postgres';
const host = '127.0.0.1';

/**
 * Sizes as Holdfast sets them; `wal_level`, `wal_log_hints`, slots and the like are Patroni's own choice.
 */
const parameters: Readonly<Record<string, string | number>> = {
  shared_buffers: '128MB',
  max_connections: 100,
  max_wal_size: '1GB',
  wal_keep_size: '256MB',
};

/** One node's configuration file, which holds the password. JSON is YAML. */
export function patroniConfiguration(plan: PatroniPlan, node: PatroniNode): string {
  const { settings, password } = plan;
  const rest = `${host}:${node.restPort}`;
  const postgres = `${host}:${node.postgresPort}`;
  const rules = [
    `host replication replicator ${host}/32 scram-sha-256`,
    `host all all ${host}/32 scram-sha-256`,
  ];
  return JSON.stringify({
    scope: 'race',
    name: node.name,
    restapi: { listen: rest, connect_address: rest, authentication: { username: 'race', password } },
    etcd3: {
      hosts: plan.etcd.join(','),
      protocol: 'https',
      cacert: plan.tls.caFile,
      cert: plan.tls.certFile,
      key: plan.tls.keyFile,
    },
    bootstrap: {
      dcs: {
        ttl: settings.ttl,
        loop_wait: settings.loopWait,
        retry_timeout: settings.retryTimeout,
        synchronous_mode: true,
        postgresql: { use_pg_rewind: true, use_slots: true, parameters },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'data-checksums'],
    },
    postgresql: {
      listen: postgres,
      connect_address: postgres,
      data_dir: node.pgdata,
      bin_dir: plan.binDir,
      pgpass: `${node.pgdata}.pgpass`,
      authentication: {
        superuser: { username: superuser, password },
        replication: { username: 'replicator', password },
        rewind: { username: 'rewinder', password },
      },
      parameters: { unix_socket_directories: '' },
      pg_hba: rules,
    },
  });
}

/** How both load balancers check: that of Holdfast's own configuration. A test compares them. */
export const checks: readonly string[] = [
  'default-server inter 200ms fastinter 50ms downinter 200ms fall 2 rise 1 on-marked-down shutdown-sessions init-addr libc,none',
  'timeout connect 1s',
  'timeout check 500ms',
  'retries 3',
  'option redispatch 1',
];
/** Who is down is looked for twice as often. */
export const downInterval = 'downinter 100ms';

/**
 * HAProxy in front of Patroni's cluster: as Holdfast's, but without TLS. It asks with OPTIONS, as the example in Patroni's manual
 * does: an answer with a body is one that HAProxy does not wait for, which costs Patroni an exception each time.
 */
export function balancerConfiguration(plan: Pick<PatroniPlan, 'nodes' | 'balancerPort'>): string {
  const servers = plan.nodes.map(
    ({ name, restPort, postgresPort }) =>
      `    server ${name} ${host}:${postgresPort} check port ${restPort} ${downInterval}`,
  );
  return `global
    maxconn 4000
    log stdout format raw local0 notice
defaults
    mode tcp
    log global
    timeout client 5m
    timeout server 5m
${checks.map((line) => `    ${line}`).join('\n')}
frontend postgres
    bind ${host}:${plan.balancerPort}
    default_backend primary
backend primary
    option httpchk
    http-check send meth OPTIONS uri /primary ver HTTP/1.1 hdr Host localhost
    http-check expect status 200
${servers.join('\n')}
`;
}
