import { Problem } from '../core/problem.ts';
import { bounded } from './bounded.ts';
import type { Client, InstanceAddress, TransactionSql } from './connection.ts';
import { Link } from './link.ts';
import { errorCode, isConnectionLoss, translateStoreError } from './translate.ts';

/**
 * A transaction goes through these phases; what an error means depends on the phase alone:
 *
 * - `working`: nothing is committed. An error, a lost connection or the end of patience: nothing was written.
 * - `committing`: COMMIT has been sent. PostgreSQL commits locally *before* it waits for the synchronous standby, so a
 *   lost connection, the end of patience, or a COMMIT that succeeds with a WARNING (a cancelled wait, see "Synchronous
 *   Replication" in the manual, 27.2.8) leaves a write that may survive a failover or not: indeterminate.
 */
type Phase = 'working' | 'committing';

interface Writer {
  readonly link: Link;
  /** What PostgreSQL warned of since this was last cleared. */
  warning: string | null;
}

interface Pool {
  readonly idle: Writer[];
  /** Who waits for a writer, in the order they came. */
  readonly waiting: Set<(writer: Writer) => void>;
}

export interface Writes {
  /**
   * Runs `work` in one transaction, at most `waitMs` for a connection, the work and the confirmation together.
   *
   * @throws Problem `write_indeterminate` when it may or may not have been written; any other means it was not.
   */
  readonly transaction: <T>(work: (sql: TransactionSql) => Promise<T>, waitMs?: number) => Promise<T>;
  /** Connects the writers that are taken first. */
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const defaultConnections = 8;
const defaultWaitMs = 10_000;
const waitingLimit = 1000;
const warmConnections = 4;

/**
 * Opens the writers. Each is a link of its own, because notices arrive per link and a WARNING must
 * be matched with the COMMIT it belongs to. There is no `statement_timeout`: it would cancel the wait for the standby.
 */
export function openWrites(
  address: InstanceAddress,
  connections: number = defaultConnections,
  client: Pick<Client, 'name' | 'session'> = { name: 'holdfast write' },
): Writes {
  const writers = Array.from({ length: connections }, () => openWriter(address, client));
  const pool: Pool = { idle: [...writers], waiting: new Set() };
  return {
    transaction: async (work, waitMs = defaultWaitMs) => {
      const startedAt = performance.now();
      const writer = await takeWriter(pool, waitMs);
      return runOn(writer, work, waitMs - (performance.now() - startedAt), () => giveBack(pool, writer));
    },
    warm: async () => {
      const first = pool.idle.slice(-warmConnections);
      await Promise.all(first.map(({ link }) => link.warm()));
    },
    end: async () => {
      await Promise.all(writers.map((writer) => writer.link.end()));
    },
  };
}

function openWriter(address: InstanceAddress, { name, session }: Pick<Client, 'name' | 'session'>): Writer {
  const writer: Writer = {
    warning: null,
    link: new Link(address, {
      name,
      session: { lock_timeout: 4000, idle_in_transaction_session_timeout: 15_000, jit: false, ...session },
      onnotice: (notice) => {
        if (notice['severity'] === 'WARNING') writer.warning = notice['message'] ?? 'a warning without text';
      },
    }),
  };
  return writer;
}

/** An idle writer, or the first that is given back within `waitMs`. */
async function takeWriter(pool: Pool, waitMs: number): Promise<Writer> {
  const free = pool.idle.pop();
  if (free !== undefined) return free;
  if (pool.waiting.size >= waitingLimit) {
    throw new Problem('server_busy', 'Too many writes wait already; nothing was written. Try again.');
  }
  let wake: (writer: Writer) => void = () => undefined;
  const taken = new Promise<Writer>((resolve) => {
    wake = resolve;
    pool.waiting.add(resolve);
  });
  return bounded(taken, waitMs, () => {
    pool.waiting.delete(wake);
    return new Problem('store_unavailable', 'All connections for writes are waiting; nothing was written.');
  });
}

function giveBack(pool: Pool, writer: Writer): void {
  const [next] = pool.waiting;
  if (next === undefined) {
    pool.idle.push(writer);
    return;
  }
  pool.waiting.delete(next);
  next(writer);
}

async function runOn<T>(
  writer: Writer,
  work: (sql: TransactionSql) => Promise<T>,
  waitMs: number,
  done: () => void,
): Promise<T> {
  const progress: { phase: Phase; abandoned: boolean } = { phase: 'working', abandoned: false };
  const inTransaction = async (sql: TransactionSql): Promise<{ readonly value: T }> => {
    const result = { value: await work(sql) };
    if (progress.abandoned) throw notWritten(waitMs);
    writer.warning = null;
    progress.phase = 'committing';
    return result;
  };
  const outcome = writer.link
    .use((sql) => sql.begin(inTransaction))
    .then(({ value }) => ({ value, warning: writer.warning }))
    .finally(done);
  try {
    const { value, warning } = await bounded(outcome, waitMs, () => {
      progress.abandoned = true;
      return progress.phase === 'committing'
        ? indeterminate('no confirmation came in time')
        : notWritten(waitMs);
    });
    if (warning !== null) throw indeterminate(warning);
    return value;
  } catch (error) {
    progress.abandoned = true; // what the work may still do, on a connection that was lost, must touch nothing
    throw progress.phase === 'committing' ? asCommitFailure(error) : translateStoreError(error);
  }
}

/** A COMMIT that PostgreSQL itself refused (a deferred constraint) is a plain error; all else is indeterminate. */
function asCommitFailure(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const code = errorCode(error);
  if (isConnectionLoss(error) || !/^[0-9A-Z]{5}$/.test(code) || code.startsWith('57')) {
    return indeterminate(`the connection was lost (${code})`);
  }
  return translateStoreError(error);
}

function indeterminate(why: string): Problem {
  return new Problem(
    'write_indeterminate',
    `It is not certain that the write will last: ${why}. Read it back before you send it again.`,
  );
}

function notWritten(waitMs: number): Problem {
  return new Problem(
    'store_unavailable',
    `The database did not do the work within ${Math.round(waitMs)} ms; nothing was written.`,
  );
}
