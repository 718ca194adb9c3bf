import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from './api-client.ts';

/** Reads of one secret, each with an id of its own, which the audit trail keeps. */
export class ReadLoad {
  readonly #client: ApiClient;
  readonly #variable: string;
  readonly #prefix: string;
  #count = 0;
  #running: Promise<unknown> = Promise.resolve();
  #over = new AbortController();
  /** The ids of the reads that were answered with the value, and of those that got another answer, or none. */
  readonly answered = new Set<string>();
  readonly unanswered = new Set<string>();
  /** When reads were answered, on the monotonic clock. */
  readonly answeredAt: number[] = [];

  constructor(
    client: ApiClient,
    { prefix, variable }: { readonly prefix: string; readonly variable: string },
  ) {
    this.#client = client;
    this.#variable = variable;
    this.#prefix = prefix;
  }

  start(readers: number, pauseMs: number): void {
    this.#over = new AbortController();
    const { signal } = this.#over;
    this.#running = Promise.all(Array.from({ length: readers }, () => this.#read(signal, pauseMs)));
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }

  async #read(signal: AbortSignal, pauseMs: number): Promise<void> {
    while (!signal.aborted) {
      await this.once();
      if (pauseMs > 0) await sleep(pauseMs);
    }
  }

  async once(): Promise<void> {
    this.#count += 1;
    const id = `${this.#prefix}-${this.#count}`;
    const answer = await this.#client
      .ask({
        method: 'GET',
        path: `/secrets/${this.#client.account}/variable/${this.#variable}`,
        headers: { 'x-request-id': id },
      })
      .catch(() => null);
    if (answer?.status === 200) {
      this.answered.add(id);
      this.answeredAt.push(performance.now());
    } else this.unanswered.add(id);
    if (answer === null) await sleep(20); // nobody is there: not as fast as the machine can
  }
}
