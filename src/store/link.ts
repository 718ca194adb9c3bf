import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Client, type InstanceAddress, openClient, socketPath, type Sql } from './connection.ts';

/** One client with its one connection, from the first use to the loss. */
interface Life {
  readonly sql: Sql;
  /** Ends each use that still waits. */
  readonly uses: Set<(error: Error) => void>;
}

/** An instance that is starting must not be kept busy with refusing us. */
const pauseAfterLossMs = 50;

/**
 * One connection to an instance, made at the first use and made anew at the first use after a loss.
 *
 * The driver (postgres.js 3.4.9) cannot be trusted with a lost connection: its `closed()` cancels the flush of a write
 * but keeps the mark that one is due, so that no start-up message leaves until 1024 bytes have piled up (seven
 * CONNECT_TIMEOUTs); a ROLLBACK after the loss writes to a socket that is null and ends the process, or waits for ever;
 * the last error of the old connection is the first answer of the new one; and what a transaction sends late may run
 * inside the next (porsager/postgres issues 1066, 1133, 1193, 1208, 1216). So a client lives as long as its connection:
 * the driver is never told of the loss, its client is thrown away, and every use of it hears of the loss from here.
 */
export class Link {
  readonly #address: InstanceAddress;
  readonly #client: Client;
  #life: Life | null = null;
  #usableAt = Number.NEGATIVE_INFINITY;
  #underWay = 0;
  #ended = false;

  constructor(address: InstanceAddress, client: Client) {
    this.#address = address;
    this.#client = client;
  }

  /** How many uses have not ended. */
  get underWay(): number {
    return this.#underWay;
  }

  /**
   * Runs `work` on the connection. When that is lost the answer is the loss, whatever the work does: it may go on, but
   * nothing that it sends reaches the server.
   *
   * @param work is told which life of the connection it runs in: an object, the same as long as the connection is
   */
  async use<T>(work: (sql: Sql, life: object) => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      const pause = this.#usableAt - performance.now();
      if (pause > 0) await delay(pause);
      if (this.#ended) throw lost('CONNECTION_ENDED');
      this.#life ??= this.#open();
      return await untilLost(this.#life, work);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Whether this is the life of the connection that stands now. */
  isAlive(life: object): boolean {
    return this.#life === life;
  }

  /** Connects, where there is no connection. */
  async warm(): Promise<void> {
    await this.use((sql) => sql`select 1`);
  }

  /** Ends the connection; uses under way get a second. */
  async end(): Promise<void> {
    this.#ended = true;
    const life = this.#life;
    if (life === null) return;
    await life.sql.end({ timeout: 1 });
    this.#lose(life, lost('CONNECTION_ENDED'));
  }

  #open(): Life {
    const connect = (): Socket =>
      new Line((error) => {
        if (this.#ended) return false; // the driver says goodbye and waits for the end
        this.#lose(life, error);
        return true;
      }).connect(socketPath(this.#address));
    const life: Life = { sql: openClient(this.#address, this.#client, connect), uses: new Set() };
    return life;
  }

  #lose(life: Life, error: Error): void {
    if (this.#life !== life) return;
    this.#life = null;
    this.#usableAt = performance.now() + pauseAfterLossMs;
    for (const fail of life.uses) fail(error);
    void life.sql.end({ timeout: 0 }); // whatever still waits inside the driver is rejected too
  }
}

/** The outcome of `work`, or the loss. No race with one lasting promise, which would gather a reaction per use. */
async function untilLost<T>(life: Life, work: (sql: Sql, life: object) => Promise<T>): Promise<T> {
  let fail: (error: Error) => void = () => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      fail = reject;
      life.uses.add(reject);
      work(life.sql, life).then(resolve, reject);
    });
  } finally {
    life.uses.delete(fail);
  }
}

/** A socket whose end the driver does not hear of when `taken` says so. */
class Line extends Socket {
  readonly #taken: (error: Error) => boolean;

  constructor(taken: (error: Error) => boolean) {
    super();
    this.#taken = taken;
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event === 'error' || event === 'close') {
      const [why] = args;
      if (this.#taken(why instanceof Error ? why : lost('CONNECTION_CLOSED'))) return true;
    }
    return super.emit(event, ...args);
  }
}

function lost(code: 'CONNECTION_CLOSED' | 'CONNECTION_ENDED'): Error {
  return Object.assign(new Error('the connection to PostgreSQL is closed'), { code });
}
