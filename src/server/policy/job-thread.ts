import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Problem } from '../../core/problem.ts';
import type { LoaderDatabases } from '../../store/loader-store.ts';
import type { JobAnswer, PolicyJob, ThreadCommand, ThreadMessage } from './job.ts';
import type { ThreadSettings } from './loader-thread.ts';
import { problemOf } from './problem-message.ts';

type Outcome =
  | Exclude<ThreadMessage, { kind: 'committing' }>
  | { readonly kind: 'late' }
  | { readonly kind: 'ended' };

/** What V8 takes by default; workers of a node run with less. */
const youngMb = 48;
/** What connections get to say goodbye. */
const goodbyeMs = 1500;

/** The near end of a loader's thread: does one job at a time, and says what became of one whose thread was lost. */
export class JobThread {
  readonly #worker: Worker;
  #failure: Error | null = null;
  #alive = true;
  #hear: (message: Outcome | { readonly kind: 'committing' }) => void = () => undefined;

  /** @param heapMb memory for JavaScript objects: a job that needs more ends the thread, and nothing else */
  constructor({ data, audit, dataKey }: LoaderDatabases, heapMb: number) {
    const settings: ThreadSettings = { data, audit, dataKey: dataKey.reveal() };
    const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = fileURLToPath(new URL(`./loader-thread.${suffix}`, import.meta.url));
    const resourceLimits = { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: youngMb };
    this.#worker = new Worker(entry, { name: 'policy loader', workerData: settings, resourceLimits });
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#worker.on('message', (message: ThreadMessage) => this.#hear(message));
    this.#worker.once('exit', () => {
      this.#alive = false;
      this.#hear({ kind: 'ended' });
    });
  }

  /** Whether it can do another job. */
  get alive(): boolean {
    return this.#alive;
  }

  /**
   * Does `job`, for at most `ms`.
   *
   * @throws Problem: what the job throws; `body_too_large` (a fetch: `content_unprocessable`) when it took more memory than
   * there is, `store_unavailable` when it took too long, and `write_indeterminate` when either happened after COMMIT was
   * sent
   */
  async do(job: PolicyJob, ms: number): Promise<JobAnswer> {
    let committing = false;
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<Outcome>((resolve) => {
      timer = setTimeout(() => resolve({ kind: 'late' }), ms);
      this.#hear = (message) => {
        if (message.kind === 'committing') committing = true;
        else resolve(message);
      };
      this.#send({ kind: 'job', job }, job.kind === 'fetch' ? [] : ownMemory(job.text));
    });
    clearTimeout(timer);
    // Until the thread is gone it may say that it commits.
    if (outcome.kind === 'late') await this.#worker.terminate();
    this.#hear = () => undefined;
    switch (outcome.kind) {
      case 'answer':
        return outcome.answer;
      case 'problem':
        throw problemOf(outcome.problem);
      case 'fault':
        throw new Error(outcome.text);
      case 'late':
        throw committing ? indeterminate() : tooSlow(job, ms);
      case 'ended':
        throw committing ? indeterminate() : lost(job, this.#failure);
    }
  }

  /** Ends the thread, and with it the job that it may be doing. */
  async end(): Promise<void> {
    if (!this.#alive) return;
    const patience = new AbortController();
    this.#worker.once('exit', () => patience.abort());
    this.#send({ kind: 'end' });
    await delay(goodbyeMs, null, { signal: patience.signal }).catch(() => null);
    await this.#worker.terminate();
  }

  #send(command: ThreadCommand, moved: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(command, moved);
  }
}

/**
 * The memory of a body, where nothing else lies in it: it moves to the thread, and is empty here. Ten megabytes would take
 * twenty milliseconds to copy.
 */
function ownMemory({ buffer, byteLength }: Uint8Array): readonly ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

/** Nothing was committed: the connections went with the thread. */
function tooSlow(job: PolicyJob, ms: number): Problem {
  const nothing = job.kind === 'load' ? '; nothing was written' : '';
  return new Problem('store_unavailable', `The policy took more than ${ms} ms${nothing}.`);
}

function lost(job: PolicyJob, failure: Error | null): Error {
  if (failure === null) return new Problem('interrupted', 'This node is stopping; nothing was written.');
  if (!('code' in failure) || failure.code !== 'ERR_WORKER_OUT_OF_MEMORY') return failure;
  if (job.kind === 'fetch') {
    return new Problem('content_unprocessable', 'The policy is too large to be written down at once.');
  }
  return new Problem(
    'body_too_large',
    'The policy takes more memory than a load may use; nothing was written. Load it in parts.',
  );
}

function indeterminate(): Problem {
  return new Problem(
    'write_indeterminate',
    'It is not certain that the policy was loaded: its loader was lost. Read it back before you send it again.',
  );
}
