import type { ElectionBackend } from '../../core/election/backend.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { createConsulBackend } from '../consul/backend.ts';
import { type ConsulConnection, plainConnection } from '../consul/connection-settings.ts';
import { keyFault } from '../consul/key-fault.ts';
import { openConsulHttp } from '../consul/http.ts';

export interface ConsulElectionOptions {
  /** `http://host:port`, `https://host:port` or `unix:///path`; http://localhost:8500 unless told. */
  readonly address?: string;
  /** The key to lock: `consul-leader/web/lock`. Nothing else may write it. */
  readonly key: string;
  /** The same for all contenders; the name of their sessions. The key unless told. */
  readonly name?: string;
  /** 10 s to 24 h in milliseconds, lower where the servers allow it; the same for all contenders. */
  readonly ttlMs: number;
  /** How long Consul keeps the lock from others after a session ended without releasing it; 0 unless told. */
  readonly lockDelayMs?: number;
  /** An ACL token with `session:write` on this node and `key:write` on the key. */
  readonly token?: string;
  readonly tls?: {
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
    readonly serverName?: string;
  };
  readonly namespace?: string;
  readonly datacenter?: string;
}

/**
 * An election in Consul, for `campaign`. No call is made yet.
 *
 * @throws Problem `config_invalid`
 */
export async function consulElection(options: ConsulElectionOptions): Promise<ElectionBackend> {
  const { key, name = key, ttlMs, lockDelayMs = 0, tls = {} } = options;
  const fault = keyFault(key);
  if (fault !== null)
    throw new Problem('config_invalid', `key: "${key}" ${fault}. Name the key to lock, as app/leader.`);
  const connection: ConsulConnection = {
    ...plainConnection,
    address: options.address ?? plainConnection.address,
    token: options.token === undefined ? null : new Secret(options.token),
    caFile: tls.caFile ?? null,
    clientCertFile: tls.certFile ?? null,
    clientKeyFile: tls.keyFile ?? null,
    serverName: tls.serverName ?? null,
    namespace: options.namespace ?? null,
    datacenter: options.datacenter ?? null,
  };
  const http = await openConsulHttp(connection);
  return createConsulBackend({
    http,
    key,
    session: { name, ttlMs, lockDelayMs, nodeChecks: [], serviceChecks: [] },
  });
}
