import { isIP } from 'node:net';
import {
  type InstanceSettings,
  replicationRole,
  rewindRole,
  type TlsFiles,
  type Upstream,
} from './settings.ts';

/**
 * A libpq connection string (manual, "Connection Strings") for one node to another: mutual TLS, the other's certificate
 * checked against its name (`host`) while the address (`hostaddr`) says where to go, and every wait bounded, so that a
 * dead link is noticed within seconds.
 */
function conninfo(
  tls: TlsFiles,
  upstream: Upstream,
  extra: Readonly<Record<string, string | number>>,
): string {
  const place: Readonly<Record<string, string>> =
    isIP(upstream.address) === 0
      ? { host: upstream.address }
      : { host: upstream.certificateName, hostaddr: upstream.address };
  const fields: Readonly<Record<string, string | number>> = {
    ...place,
    port: upstream.port,
    ...extra,
    sslmode: 'verify-full',
    sslrootcert: tls.caFile,
    sslcert: tls.certFile,
    sslkey: tls.keyFile,
    ssl_min_protocol_version: 'TLSv1.2',
    gssencmode: 'disable',
    connect_timeout: 2, // seconds; 2 is the least that libpq obeys
    keepalives_idle: 2,
    keepalives_interval: 1,
    keepalives_count: 3,
    tcp_user_timeout: 5000,
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${quoteConninfo(String(value))}`)
    .join(' ');
}

/** For `primary_conninfo` and pg_basebackup: the master knows this standby by `application_name`, its node name. */
export function replicationConninfo(
  settings: Pick<InstanceSettings, 'tls' | 'nodeName'>,
  upstream: Upstream,
): string {
  return conninfo(settings.tls, upstream, {
    user: replicationRole,
    dbname: 'replication',
    application_name: settings.nodeName,
  });
}

/** For pg_rewind's `--source-server`. */
export function rewindConninfo(
  settings: Pick<InstanceSettings, 'tls' | 'nodeName'>,
  upstream: Upstream,
): string {
  return conninfo(settings.tls, upstream, {
    user: rewindRole,
    dbname: 'postgres',
    application_name: `${settings.nodeName}:rewind`,
  });
}

function quoteConninfo(value: string): string {
  return /^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
