import { connect, type Socket } from 'node:net';
import postgres from 'postgres';
import { type Entry, writeTimeoutMs } from './writers.ts';

export interface SqlAddress {
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

type Sql = ReturnType<typeof postgres>;

/**
 * One connection that inserts. When a write fails in any way the connection is given up, and the next write makes another at
 * once: the driver's own reconnecting waits longer each time, which would be counted against the cluster.
 */
export class SqlWriter {
  readonly #address: SqlAddress;
  #sql: Sql | null = null;
  #warned = false;

  constructor(address: SqlAddress) {
    this.#address = address;
  }

  /** Resolves true when the insert was acknowledged without a warning (a cancelled wait for the standby gives one). */
  async insert({ writer, sequence }: Entry, timeoutMs: number = writeTimeoutMs): Promise<boolean> {
    this.#warned = false;
    const sql = (this.#sql ??= this.#connect());
    const insert = sql`insert into race (writer, sequence) values (${writer}, ${sequence})`.then(
      () => !this.#warned,
      () => false,
    );
    const acknowledged = await within(timeoutMs, insert);
    if (!acknowledged) this.close();
    return acknowledged;
  }

  close(): void {
    void this.#sql?.end({ timeout: 0 }).catch(() => undefined);
    this.#sql = null;
  }

  #connect(): Sql {
    return openSql(this.#address, () => {
      this.#warned = true;
    });
  }
}

/** A client with one connection, which is good until it is lost. */
export function openSql(address: SqlAddress, onnotice: () => void = () => undefined): Sql {
  const options = {
    ...address,
    host: '127.0.0.1',
    database: 'postgres',
    max: 1,
    max_lifetime: null,
    connect_timeout: writeTimeoutMs / 1000,
    fetch_types: false,
    onnotice,
    socket: () => socketTo(address.port), // the driver's own door, missing from its types
  };
  return postgres(options);
}

/**
 * A load balancer that has nobody to connect to accepts, and closes without a word. The driver would try again without an end
 * and without a pause; here it is an error, as a refusal is.
 */
function socketTo(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  const onEnd = (): Socket => socket.destroy(new Error('closed without an answer'));
  socket.once('end', onEnd);
  socket.once('data', () => socket.off('end', onEnd));
  return socket;
}

async function within(timeoutMs: number, work: Promise<boolean>): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), timeoutMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
