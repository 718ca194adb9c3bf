import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '../../core/problem.ts';
import type { LoaderDatabases } from '../../store/loader-store.ts';
import { policyBusy } from '../../store/policy-versions.ts';
import type { JobAnswer, PolicyJob } from './job.ts';
import { JobThread } from './job-thread.ts';

/** The bounds of a loader; the defaults are what a node runs with. */
export interface LoaderBounds {
  /** Memory for JavaScript objects, MB. */
  readonly heapMb: number;
  /** How long one job may take altogether, ms. */
  readonly jobMs: number;
  /** How long its transaction may take before it commits, ms. */
  readonly writeMs: number;
  /** How long a job waits for those before it, ms. */
  readonly waitMs: number;
  /** Texts of jobs that wait, bytes, all together. */
  readonly waitingBytes: number;
  /** How long the thread is kept for the next job, ms. Its memory goes back with it. */
  readonly idleMs: number;
}

const defaultBounds: LoaderBounds = {
  heapMb: 640,
  jobMs: 60_000,
  writeMs: 30_000,
  waitMs: 10_000,
  waitingBytes: 64 * 1024 * 1024,
  idleMs: 5000,
};
const waitingLimit = 100;

/**
 * Does all that policies ask for (reading, planning, writing, writing down) on a thread of its own, so that the thread that
 * answers requests is never held up:
 *
 *     no thread ──job──► busy ──answer──► idle ──job──► busy
 *         ▲               │                │
 *         │    late, no memory, or no     idleMs
 *         │    word from a database
 *         └───────────────┴────────────────┘
 *
 * There is one thread, and it does one job at a time; what comes meanwhile waits. API keys of new roles come back in the
 * answer of their job and are nowhere else.
 */
export class PolicyLoader {
  readonly #databases: LoaderDatabases;
  readonly #bounds: LoaderBounds;
  readonly #waiting = new Set<() => void>();
  #waitingBytes = 0;
  #thread: JobThread | null = null;
  #busy = false;
  #ended = false;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(databases: LoaderDatabases, bounds: Partial<LoaderBounds> = {}) {
    this.#databases = databases;
    this.#bounds = { ...defaultBounds, ...bounds };
  }

  /**
   * Does one job.
   *
   * @throws Problem `policy_busy` when others were before it for too long, or too much waits already; `interrupted` when
   * the node stops, and what `JobThread.do` throws
   */
  async run(job: PolicyJob): Promise<JobAnswer> {
    await this.#turn(job.kind === 'fetch' ? 0 : job.text.byteLength);
    try {
      if (this.#ended) throw new Problem('interrupted', 'This node is stopping; nothing was written.');
      clearTimeout(this.#idleTimer);
      if (this.#thread?.alive !== true) {
        this.#thread = new JobThread(this.#databases, this.#bounds);
      }
      return await this.#thread.do(job, this.#bounds.jobMs);
    } finally {
      this.#busy = false;
      const [next] = this.#waiting;
      if (next !== undefined) next();
      else this.#rest();
    }
  }

  /** Ends the thread, and with it the job that it may be doing. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#idleTimer);
    await this.#endThread();
  }

  /** Waits until nobody else's job is under way, in the order of coming. */
  async #turn(bytes: number): Promise<void> {
    if (!this.#busy && this.#waiting.size === 0) {
      this.#busy = true;
      return;
    }
    const tooMuch = this.#waitingBytes + bytes > this.#bounds.waitingBytes;
    if (tooMuch || this.#waiting.size >= waitingLimit) throw policyBusy();
    this.#waitingBytes += bytes;
    let take: () => void = () => undefined;
    const turn = new Promise<'turn'>((resolve) => {
      take = () => {
        this.#waiting.delete(take);
        this.#busy = true;
        resolve('turn');
      };
      this.#waiting.add(take);
    });
    const patience = new AbortController();
    const late = delay(this.#bounds.waitMs, 'late', { signal: patience.signal }).catch(() => 'turn');
    const came = await Promise.race([turn, late]);
    patience.abort();
    this.#waitingBytes -= bytes;
    if (came === 'late' && this.#waiting.delete(take)) throw policyBusy();
  }

  #rest(): void {
    if (this.#thread === null || this.#ended) return;
    this.#idleTimer = setTimeout(() => void this.#endThread(), this.#bounds.idleMs);
    this.#idleTimer.unref();
  }

  async #endThread(): Promise<void> {
    const thread = this.#thread;
    this.#thread = null;
    await thread?.end();
  }
}
