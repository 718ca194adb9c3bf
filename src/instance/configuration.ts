import { apiRole, type InstanceSettings, replicationRole, rewindRole, superuser } from './settings.ts';

/** The parameters that change while an instance runs. */
export interface DynamicConfiguration {
  /** What a standby streams from; empty: nothing. */
  readonly primaryConninfo: string;
  readonly primarySlotName: string;
  readonly synchronousStandbyNames: string;
}

/** Sizes are meant for a small machine that runs two instances; the caller overrides them. */
const tunable: Readonly<Record<string, string>> = {
  shared_buffers: '128MB',
  // Up to eight API workers, with some twenty connections each.
  max_connections: '250',
  max_wal_senders: '128',
  max_replication_slots: '128',
  max_wal_size: '1GB',
  min_wal_size: '80MB',
  wal_keep_size: '256MB',
  max_slot_wal_keep_size: '4GB',
  checkpoint_timeout: '5min',
  max_standby_streaming_delay: '0',
  timezone: 'UTC',
  log_checkpoints: 'off',
};

/** What the protocol of failover rests on: nobody overrides it. */
function fixed(settings: InstanceSettings, major: number): Readonly<Record<string, string>> {
  return {
    listen_addresses: settings.listenHost,
    port: String(settings.port),
    unix_socket_directories: settings.socketDir,
    cluster_name: `${settings.clusterName}/${settings.nodeName}/${settings.name}`,
    wal_level: 'replica',
    wal_log_hints: 'on',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    hot_standby: 'on',
    // After the crash of a backend the agent decides, and clients are kept out until a standby is confirmed.
    restart_after_crash: 'off',
    wal_retrieve_retry_interval: '100ms',
    wal_receiver_status_interval: '1s',
    wal_sender_timeout: '5s',
    wal_receiver_timeout: '5s',
    tcp_keepalives_idle: '5',
    tcp_keepalives_interval: '1',
    tcp_keepalives_count: '3',
    tcp_user_timeout: '5s',
    password_encryption: 'scram-sha-256',
    ssl: 'on',
    ssl_ca_file: settings.tls.caFile,
    ssl_cert_file: settings.tls.certFile,
    ssl_key_file: settings.tls.keyFile,
    ssl_min_protocol_version: 'TLSv1.2',
    // Standard error is the agent's pipe. Terse, and no statements: neither may carry a value that is a secret.
    log_destination: 'stderr',
    logging_collector: 'off',
    log_line_prefix: '[%p] %q%u@%d ',
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_statement: 'none',
    lc_messages: 'C',
    log_timezone: 'UTC',
    ...(major >= 17 ? { allow_alter_system: 'off' } : {}),
  };
}

/** `holdfast.conf`: what stays the same from start to end. */
export function staticConfiguration(settings: InstanceSettings, major: number): string {
  return render({ ...tunable, ...settings.parameters, ...fixed(settings, major) });
}

/** `holdfast.dynamic.conf`: what is changed by rewriting it and a reload. */
export function dynamicConfiguration(dynamic: DynamicConfiguration): string {
  return render({
    primary_conninfo: dynamic.primaryConninfo,
    primary_slot_name: dynamic.primarySlotName,
    synchronous_standby_names: dynamic.synchronousStandbyNames,
    recovery_target_timeline: 'latest',
  });
}

export const mainConfiguration: string = `${banner()}include 'holdfast.conf'\ninclude 'holdfast.dynamic.conf'\n`;

/** `postgresql.auto.conf`, kept empty: ALTER SYSTEM would silently outvote what the agent sets. */
export const autoConfiguration: string = banner();

/**
 * `pg_hba.conf`: people and workers of this machine by the kernel's word (peer), other nodes by a certificate of the
 * cluster's CA, and nobody else. A first line that matches is the last one that is read.
 */
export function hostBasedAuthentication(): string {
  return `${banner()}local all ${superuser},${apiRole} peer map=holdfast_local
local all all reject
hostssl replication ${replicationRole} all cert map=holdfast_node
hostssl postgres ${rewindRole} all cert map=holdfast_node
host all all all reject
host replication all all reject
`;
}

/** `pg_ident.conf`: which system users and which certificate names may act as which role. */
export function identityMaps(localUsers: readonly string[]): string {
  const local = [...new Set(localUsers)].flatMap((user) => [
    `holdfast_local "${user}" ${superuser}`,
    `holdfast_local "${user}" ${apiRole}`,
  ]);
  // Any name will do: only the cluster's CA signs, and it is the only one that PostgreSQL trusts.
  const nodes = [replicationRole, rewindRole].map((role) => `holdfast_node /^.+$ ${role}`);
  return `${banner()}${[...local, ...nodes].join('\n')}\n`;
}

function render(parameters: Readonly<Record<string, string>>): string {
  const lines = Object.entries(parameters).map(
    ([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`,
  );
  return banner() + lines.join('');
}

function banner(): string {
  return '# Written by Holdfast before each start; changes are lost.\n';
}
