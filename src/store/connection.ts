import type { Socket } from 'node:net';
import { mendResults } from '../runtime/whole-results.ts';
import postgres, { type Options, type PendingQuery, type Row, type Sql } from 'postgres';

/** A database client, or a transaction on one. */
export type { Sql, TransactionSql } from 'postgres';

/** A piece of SQL with its parameters, for use inside other statements. */
export type Fragment = PendingQuery<Row[]>;

/** One local PostgreSQL instance: reached by its unix socket, authenticated as the operating-system user (peer). */
export interface InstanceAddress {
  readonly socketDir: string;
  readonly port: number;
  /** `holdfast_api` unless told otherwise. */
  readonly user?: string;
  /** `holdfast` unless told otherwise. */
  readonly database?: string;
}

export interface Client extends Pick<Options<Record<string, never>>, 'onnotice'> {
  /** What `pg_stat_activity` shows. */
  readonly name: string;
  /** Session settings (`statement_timeout`, `synchronous_commit` …). */
  readonly session?: Readonly<Record<string, string | number | boolean>>;
}

const connectTimeoutSeconds = 2;

/** For sessions that only ever want a few rows by their keys: no statistics shall make the scan of a table look cheaper. */
export const byKeys: NonNullable<Client['session']> = {
  enable_seqscan: false,
  enable_hashjoin: false,
  enable_mergejoin: false,
  plan_cache_mode: 'force_generic_plan',
};

/**
 * A lazy client with exactly one connection. It is good until that connection is lost: what outlives its instance goes
 * through a `Link`.
 *
 * @param connect makes the socket, instead of the driver
 */
export function openClient(address: InstanceAddress, client: Client, connect?: () => Socket): Sql {
  const options = {
    host: address.socketDir,
    port: address.port,
    user: address.user ?? 'holdfast_api',
    database: address.database ?? 'holdfast',
    max: 1,
    max_lifetime: null,
    connect_timeout: connectTimeoutSeconds,
    // Array types are asked for on a promise that nobody holds: a connection lost meanwhile would end the process.
    // Hence no query may carry or return an array; JSON goes instead.
    fetch_types: false,
    onnotice: client.onnotice ?? ((): void => undefined),
    connection: { application_name: client.name, ...written(client.session ?? {}) },
    ...(connect === undefined ? {} : { socket: connect }), // the driver's own door, missing from its types
  };
  return mendResults(postgres(options));
}

/** The driver leaves out what is false: settings go as text. */
function written(session: NonNullable<Client['session']>): Record<string, string> {
  const text = (value: string | number | boolean): string =>
    typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value);
  return Object.fromEntries(Object.entries(session).map(([name, value]) => [name, text(value)]));
}

/** The unix socket of an instance. */
export function socketPath(address: InstanceAddress): string {
  return `${address.socketDir}/.s.PGSQL.${address.port}`;
}
