import type { AuditRecord } from '../core/audit/audit-record.ts';
import { Problem } from '../core/problem.ts';
import { appendToChain, beginChain, type TrailAddress, type WrittenChain } from './audit-chain.ts';
import { Gap } from './audit-gap.ts';
import { Link } from './link.ts';

/**
 * How durable a record must be before its request is answered: on this node's disk (`local`: reads and refusals, whose
 * answers a failover may leave without a record), or on the synchronous standby too (`replicated`: writes).
 */
export type Durability = 'local' | 'replicated';

/** With records for which there is no room: the request fails, or they are counted and go. */
export type WhenFull = 'refuse' | 'drop';

export interface AuditTrail {
  /**
   * Resolves once the records are durable.
   *
   * @throws Problem `audit_unavailable`
   */
  readonly append: (records: readonly AuditRecord[], durability: Durability) => Promise<void>;
  /** Whether there is no room, from now on. */
  readonly bound: (isFull: boolean) => void;
  /** How many records wait to be written. */
  readonly waiting: () => number;
  /** Connects both lanes. */
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const batchLimit = 1000;
const queueLimit = 20_000;
/** How late a request may hear that it waits too long. */
const lateCheckMs = 100;
const localWaitMs = 2500;
const replicatedWaitMs = 10_000;

/**
 * Opens the trail: a lane per durability, each with one connection, so that a write that waits for its standby holds up
 * no read. A lane commits in groups: what comes in while one batch is being written makes the next.
 */
export function openAuditTrail(address: TrailAddress, whenFull: WhenFull = 'refuse'): AuditTrail {
  const lanes: Readonly<Record<Durability, Lane>> = {
    local: new Lane(address, 'local', localWaitMs),
    replicated: new Lane(address, 'on', replicatedWaitMs),
  };
  const gap = new Gap((record) => lanes.local.append([record]));
  let isFull = false;
  return {
    append: async (records, durability) => {
      if (!isFull) return lanes[durability].append(records);
      if (whenFull === 'refuse') throw unavailable('its space is used up (HOLDFAST_AUDIT_SPACE)');
      gap.add(records.length);
    },
    bound: (full) => {
      isFull = full;
      if (!full) gap.close();
    },
    waiting: () => lanes.local.waiting + lanes.replicated.waiting,
    warm: async () => {
      await Promise.all([lanes.local.warm(), lanes.replicated.warm()]);
    },
    end: async () => {
      await gap.end();
      await Promise.all([lanes.local.end(), lanes.replicated.end()]);
    },
  };
}

interface Waiting {
  readonly records: readonly AuditRecord[];
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: Problem) => void;
}

class Lane {
  readonly #link: Link;
  readonly #waitMs: number;
  readonly #node: string;
  #chain: WrittenChain | null = null;
  #queue: Waiting[] = [];
  #queued = 0;
  #writing = false;
  /** A WARNING on COMMIT: the wait for the standby was cancelled (see writes.ts). */
  #warning: string | null = null;

  constructor(address: TrailAddress, synchronousCommit: 'local' | 'on', waitMs: number) {
    this.#waitMs = waitMs;
    this.#node = address.node;
    this.#link = new Link(address, {
      name: `holdfast audit ${synchronousCommit}`,
      session: { synchronous_commit: synchronousCommit, lock_timeout: 2000 },
      onnotice: (notice) => {
        if (notice['severity'] === 'WARNING') this.#warning = notice['message'] ?? 'a warning without text';
      },
    });
  }

  get waiting(): number {
    return this.#queued;
  }

  async append(records: readonly AuditRecord[]): Promise<void> {
    if (records.length === 0) return undefined;
    if (this.#queued + records.length > queueLimit) throw unavailable('too many records wait already');
    const written = new Promise<void>((resolve, reject) => {
      this.#queue.push({ records, since: performance.now(), resolve, reject });
      this.#queued += records.length;
    });
    if (!this.#writing) {
      this.#writing = true;
      setImmediate(() => void this.#drain()); // with all that this round of the event loop brings
    }
    return written;
  }

  async warm(): Promise<void> {
    await this.#link.warm();
  }

  async end(): Promise<void> {
    await this.#link.end();
  }

  /** Writes batches until the queue is empty. Never rejects: each waiting request hears its own outcome. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#takeBatch();
      const stopWaiting = this.#waitFor(batch);
      try {
        await this.#insert(batch.flatMap((entry) => entry.records));
        for (const entry of batch) entry.resolve();
      } catch (error) {
        const problem = unavailable('the audit database refused the record', error);
        for (const entry of batch) entry.reject(problem);
      } finally {
        stopWaiting();
      }
    }
    this.#writing = false;
  }

  /**
   * While a batch is being written, each request that waits longer than it may, in the batch or behind it, hears so. One
   * timer for all of them: one for each request was a tenth of its cost.
   */
  #waitFor(batch: readonly Waiting[]): () => void {
    const check = setInterval(() => {
      const late = performance.now() - this.#waitMs;
      const problem = unavailable(`no answer within ${this.#waitMs} ms`);
      for (const entry of [...batch, ...this.#queue]) if (entry.since <= late) entry.reject(problem);
    }, lateCheckMs);
    return () => clearInterval(check);
  }

  #takeBatch(): readonly Waiting[] {
    let size = 0;
    let end = 0;
    for (const entry of this.#queue) {
      if (end > 0 && size + entry.records.length > batchLimit) break;
      size += entry.records.length;
      end += 1;
    }
    this.#queued -= size;
    return this.#queue.splice(0, end);
  }

  /** Behind the chain of this lane; behind a new one whenever it is not certain where that stands. */
  async #insert(records: readonly AuditRecord[]): Promise<void> {
    this.#warning = null;
    try {
      this.#chain = await this.#link.use(async (sql) => {
        const chain = this.#chain ?? (await beginChain(sql, this.#node));
        return appendToChain(sql, chain, records);
      });
    } catch (error) {
      this.#chain = null;
      throw error;
    }
    if (this.#warning !== null) throw new Error(this.#warning);
  }
}

function unavailable(why: string, cause?: unknown): Problem {
  return new Problem('audit_unavailable', `The audit trail of this node cannot take the record: ${why}.`, {
    cause,
  });
}
