import type { TaskView } from '../core/failover/view.ts';
import { describeError } from '../core/problem.ts';
import type { Logger } from '../runtime/log.ts';
import { pause } from '../runtime/pause.ts';

/** After a failure the slot stays taken for a while, longer with each failure in a row: nothing is tried in a tight loop. */
const firstPauseMs = 1000;
const longestPauseMs = 30_000;

/** The one slot for work that takes longer than a turn: starts, stops, checkpoints, rewinds, copies. */
export class BackgroundTask {
  readonly #log: Logger;
  readonly #onEnd: () => void;
  #view: TaskView | null = null;
  #current: Promise<void> = Promise.resolve();
  #abort: AbortController | null = null;
  #failures = 0;

  constructor(log: Logger, onEnd: () => void) {
    this.#log = log;
    this.#onEnd = onEnd;
  }

  get view(): TaskView | null {
    return this.#view;
  }

  get busy(): boolean {
    return this.#view?.state === 'running';
  }

  /** Begins `work` unless something is under way; `detail` is the sentence that status shows meanwhile. */
  begin(kind: TaskView['kind'], detail: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.busy) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#view = { kind, state: 'running', detail };
    this.#current = this.#run(kind, detail, work, abort.signal);
  }

  /** Asks the work under way to end, and waits for it, at most `limitMs`. */
  async cancel(limitMs: number): Promise<void> {
    if (!this.busy) return;
    this.#abort?.abort();
    const late = new AbortController();
    await Promise.race([this.#current, pause(limitMs, late.signal)]);
    late.abort();
  }

  async #run(
    kind: TaskView['kind'],
    detail: string,
    work: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await work(signal);
      this.#failures = 0;
      this.#view = { kind, state: 'done', detail };
    } catch (error) {
      const why = describeError(error);
      this.#log.warn({ task: kind, err: error }, `${detail}: failed`);
      this.#view = { kind, state: 'running', detail: `${detail} failed, trying again: ${why}` };
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures);
      this.#failures += 1;
      if (!signal.aborted) await pause(pauseMs, signal);
      this.#view = { kind, state: 'failed', detail: why };
    } finally {
      this.#onEnd();
    }
  }
}
