import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiClient } from './api-client.ts';

interface Attempt {
  readonly variable: string;
  readonly value: string;
  /** Milliseconds on this process's monotonic clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly acknowledged: boolean;
}

/**
 * Steady writes by several clients, each variable written once: so that in the end every acknowledged write can be looked
 * for by itself (versions are kept only twenty deep).
 */
export class WriteLoad {
  readonly #client: ApiClient;
  readonly #prefix: string;
  readonly #size: number;
  readonly #attempts: Attempt[] = [];
  #next = 0;
  #running = false;
  #clients: readonly Promise<void>[] = [];

  constructor(client: ApiClient, options: { readonly prefix: string; readonly size: number }) {
    this.#client = client;
    this.#prefix = options.prefix;
    this.#size = options.size;
  }

  /** The policy that makes the variables. */
  policy(): string {
    const variables = Array.from({ length: this.#size }, (_, i) => `    - !variable v${i}`);
    return `- !policy\n  id: ${this.#prefix}\n  body:\n${variables.join('\n')}\n`;
  }

  start(clients: number, pauseMs: number): void {
    this.#running = true;
    this.#clients = Array.from({ length: clients }, () => this.#write(pauseMs));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients);
  }

  get acknowledged(): readonly Attempt[] {
    return this.#attempts.filter((attempt) => attempt.acknowledged);
  }

  get attempted(): number {
    return this.#attempts.length;
  }

  /** Milliseconds from `at` until the end of the first acknowledged write that was begun after it; null: none yet. */
  firstAfter(at: number): number | null {
    const ends = this.acknowledged.filter((a) => a.startedAt >= at).map((a) => a.endedAt - at);
    return ends.length === 0 ? null : Math.min(...ends);
  }

  /** The longest time without an acknowledgement that began or ended after `at`, in milliseconds. */
  longestPauseAfter(at: number): number {
    const ends = this.acknowledged.map((a) => a.endedAt).sort((a, b) => a - b);
    return Math.max(0, ...ends.map((end, i) => (end <= at ? 0 : end - Math.max(at, ends[i - 1] ?? at))));
  }

  /** Acknowledged writes that cannot be read back. Call it when the cluster is whole again. */
  async lost(): Promise<readonly string[]> {
    const missing: string[] = [];
    const queue = [...this.acknowledged];
    const worker = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const found = await this.#readSurely(next.variable);
        if (found !== next.value) missing.push(`${next.variable}: ${found}`);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    return missing;
  }

  /** The load balancer may cut a connection while it turns to another master: that says nothing of the value. */
  async #readSurely(variable: string): Promise<string> {
    const end = performance.now() + 15_000;
    for (;;) {
      const answer = await this.#client.read(variable).catch(() => null);
      if (answer !== null && answer.status !== 503)
        return answer.status === 200 ? answer.body : `status ${answer.status}`;
      if (performance.now() > end) return 'no answer';
      await sleep(100);
    }
  }

  async #write(pauseMs: number): Promise<void> {
    while (this.#running && this.#next < this.#size) {
      const number = this.#next;
      this.#next += 1;
      const variable = `${this.#prefix}/v${number}`;
      const value = `value-${number}`;
      const startedAt = performance.now();
      const status = await this.#client.write(variable, value, 4000).then(
        (answer) => answer.status,
        () => 0,
      );
      this.#attempts.push({
        variable,
        value,
        startedAt,
        endedAt: performance.now(),
        acknowledged: status === 201,
      });
      await sleep(pauseMs);
    }
  }
}
