import type { ServingState, WorkerSettings } from '../core/serving.ts';
import type { Logger } from '../runtime/log.ts';
import { ApiWorker } from './api-worker.ts';

/**
 * The API workers of this node: processes that listen on the same ports, among which the kernel divides the connections. They
 * share nothing but the databases, and each is told the same.
 */
export class ApiWorkers {
  readonly #workers: readonly ApiWorker[];

  constructor(
    settings: Omit<WorkerSettings, 'worker'>,
    log: Logger,
    options: { readonly count: number; readonly onChange: () => void },
  ) {
    const { count, onChange } = options;
    this.#workers = Array.from({ length: count }, (_, index) => {
      const worker = count === 1 ? null : index + 1;
      return new ApiWorker({ ...settings, worker }, log, onChange);
    });
  }

  /** Each has taken over the last change of what it is told. */
  get obeying(): boolean {
    return this.#workers.every(({ obeying }) => obeying);
  }

  get writesUnderWay(): number {
    return this.#workers.reduce((sum, { writesUnderWay }) => sum + writesUnderWay, 0);
  }

  /** Null while one of them listens. */
  get ailment(): string | null {
    const ailments = this.#workers.map(({ ailment }) => ailment);
    return ailments.includes(null) ? null : (ailments[0] ?? null);
  }

  start(): void {
    for (const worker of this.#workers) worker.start();
  }

  tell(state: ServingState): void {
    for (const worker of this.#workers) worker.tell(state);
  }

  /** At once, outside any turn: serve nobody. */
  closeAll(because: string, writes: 'closed' | 'held'): void {
    for (const worker of this.#workers) worker.closeAll(because, writes);
  }

  /** Waits until all obey what they were told last; those that do not within `limitMs` are killed and seen dead. */
  async obeyOrDie(limitMs: number): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.obeyOrDie(limitMs)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}
