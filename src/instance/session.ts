import { connect as connectSocket, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { describeError, Problem } from '../core/problem.ts';
import { mendResults } from '../runtime/whole-results.ts';
import { databaseName, type InstanceSettings, rewindRole, superuser, type Upstream } from './settings.ts';

/** A value that a statement may carry. */
export type Parameter = string | number | boolean | null;

type Row = Readonly<Record<string, unknown>>;

interface Destination {
  /** For messages. */
  readonly description: string;
  readonly user: string;
  readonly database: string;
  readonly connect: () => Socket;
  readonly ssl: false | Readonly<Record<string, unknown>>;
}

interface Connection {
  readonly sql: postgres.Sql;
  readonly abandon: () => void;
}

/**
 * One connection, made when it is first needed and made anew after it broke. Every statement is bounded in time: one
 * that is not answered costs the connection, which is dropped on the spot (also where the server is stopped and would
 * never close it). Statements that are sent while another runs wait for it: long ones get a session of their own.
 */
export class Session {
  readonly #destination: Destination;
  #connection: Connection | null = null;
  #closed = false;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  /**
   * Runs one statement and returns its rows. Without parameters it goes as a simple query, so that utility statements
   * work too. `repeated`: a query that is asked over and over is planned once per connection (planning can take six times
   * as long as running it).
   *
   * @throws Problem `instance_unavailable`: not reachable, or silent for `timeoutMs`; `instance_failed`: refused by the
   * server; the cause carries PostgreSQL's code.
   */
  async query(
    text: string,
    options: {
      readonly timeoutMs: number;
      readonly parameters?: readonly Parameter[];
      readonly repeated?: boolean;
    },
  ): Promise<readonly Row[]> {
    if (this.#closed) throw this.#unavailable('the session was closed', undefined);
    this.#connection ??= open(this.#destination);
    const connection = this.#connection;
    const parameters = [...(options.parameters ?? [])];
    const how = options.repeated === true ? { prepare: true, simple: false } : { prepare: false };
    const answer = connection.sql.unsafe<Row[]>(text, parameters, how).execute();
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(this.#unavailable(`no answer within ${options.timeoutMs} ms`, undefined)),
        options.timeoutMs,
      );
    });
    try {
      return Array.from(await Promise.race([answer, silence])); // the driver's own array class stays inside
    } catch (error) {
      answer.catch(() => undefined); // it fails later, when the connection is torn down; nobody waits for it any more
      if (isStatementError(error)) {
        throw new Problem('instance_failed', `${this.#destination.description}: ${error.message}`, {
          cause: error,
        });
      }
      this.#drop(connection);
      throw error instanceof Problem ? error : this.#unavailable(describeError(error), error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Drops the connection; the session cannot be used afterwards. */
  close(): void {
    this.#closed = true;
    if (this.#connection !== null) this.#drop(this.#connection);
  }

  #drop(connection: Connection): void {
    if (this.#connection === connection) this.#connection = null;
    connection.abandon();
  }

  #unavailable(why: string, cause: unknown): Problem {
    return new Problem('instance_unavailable', `${this.#destination.description}: ${why}`, { cause });
  }
}

/** A superuser's session with the local instance, over its unix socket. */
export function localSession(settings: Pick<InstanceSettings, 'name' | 'port' | 'socketDir'>): Session {
  const path = join(settings.socketDir, `.s.PGSQL.${settings.port}`);
  return new Session({
    description: `${settings.name} instance`,
    user: superuser,
    database: databaseName,
    connect: () => connectSocket({ path }),
    ssl: false,
  });
}

/** A session with another node's instance over mutual TLS, as the role that pg_rewind uses. */
export function remoteSession(settings: Pick<InstanceSettings, 'tls'>, upstream: Upstream): Session {
  const { tls } = settings;
  return new Session({
    description: `${upstream.certificateName} (${upstream.address}:${upstream.port})`,
    user: rewindRole,
    database: 'postgres',
    connect: () => connectSocket({ host: upstream.address, port: upstream.port }),
    ssl: {
      ca: readCredential(tls.caFile),
      cert: readCredential(tls.certFile),
      key: readCredential(tls.keyFile),
      servername: upstream.certificateName,
      minVersion: 'TLSv1.2',
    },
  });
}

function readCredential(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Problem('certificate_invalid', `${path} cannot be read`, { cause: error });
  }
}

/** PostgreSQL's code (SQLSTATE) of a failed statement, or null when the failure was none of PostgreSQL's. */
export function sqlState(error: unknown): string | null {
  const cause = error instanceof Problem ? error.cause : error;
  return cause instanceof postgres.PostgresError ? cause.code : null;
}

/** Refused, but the connection goes on: FATAL and PANIC end it. */
function isStatementError(error: unknown): error is postgres.PostgresError {
  return error instanceof postgres.PostgresError && error.severity_local === 'ERROR';
}

function open(destination: Destination): Connection {
  let socket: Socket | null = null;
  let abandoned = false;
  const options = {
    user: destination.user,
    database: destination.database,
    ssl: destination.ssl,
    max: 1,
    connect_timeout: 3600, // seconds; each statement has its own, shorter time
    idle_timeout: 0,
    max_lifetime: null,
    fetch_types: false,
    prepare: true, // which statements are, each says itself
    onnotice: () => undefined,
    connection: { application_name: 'holdfast:agent', client_min_messages: 'error' },
    // The driver's own door for foreign sockets (missing from its types): the socket is kept here, so that it can be
    // destroyed. The driver itself only says goodbye and waits, for ever when the server is stopped.
    socket: async (): Promise<Socket> => {
      if (abandoned) throw new Error('the connection was abandoned');
      const made = destination.connect();
      socket = made;
      await new Promise<void>((resolve, reject) => {
        made.once('connect', resolve);
        made.once('error', reject);
        made.once('close', () => reject(new Error('closed while connecting')));
      });
      return made;
    },
  };
  const sql = mendResults(postgres(options));
  const abandon = (): void => {
    abandoned = true;
    const destroy = (): void => void socket?.destroy();
    sql.end({ timeout: 0 }).then(destroy, destroy);
  };
  return { sql, abandon };
}
