import postgres, { type Options, type Sql } from 'postgres';

/** A database client, or a transaction on one. */
export type { Sql, TransactionSql } from 'postgres';

/** One local PostgreSQL instance: reached by its unix socket, authenticated as the operating-system user (peer). */
export interface InstanceAddress {
  readonly socketDir: string;
  readonly port: number;
  /** `holdfast_api` unless told otherwise. */
  readonly user?: string;
  /** `holdfast` unless told otherwise. */
  readonly database?: string;
}

type ClientOptions = Pick<Options<Record<string, never>>, 'max' | 'idle_timeout' | 'onnotice'>;

export interface Client extends ClientOptions {
  /** What `pg_stat_activity` shows. */
  readonly name: string;
  /** Session settings (`statement_timeout`, `synchronous_commit` …). */
  readonly session?: Readonly<Record<string, string | number | boolean>>;
}

const reconnectAfterSeconds = 0.05;
const connectTimeoutSeconds = 2;

/**
 * A lazy client of one instance. It reconnects 50 ms after a loss: the library's own back-off grows to 20 s, which would
 * keep a healthy instance out of use long after a failover.
 */
export function openClient(address: InstanceAddress, client: Client): Sql {
  return postgres({
    host: address.socketDir,
    port: address.port,
    user: address.user ?? 'holdfast_api',
    database: address.database ?? 'holdfast',
    max: client.max ?? 1,
    idle_timeout: client.idle_timeout,
    connect_timeout: connectTimeoutSeconds,
    backoff: () => reconnectAfterSeconds,
    onnotice: client.onnotice ?? (() => undefined),
    connection: { application_name: client.name, ...client.session },
  });
}
