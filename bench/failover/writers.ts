import { setTimeout as sleep } from 'node:timers/promises';

/** How every contender is written to. */
export const writerCount = 4;
const pauseMs = 15;
/** Whatever a write goes through, it counts as failed after this, and its connection is given up. */
export const writeTimeoutMs = 4000;

/** One write, by one writer. No number is used twice, and a failed write is not repeated. */
export interface Entry {
  readonly writer: number;
  readonly sequence: number;
}

/** Resolves true when the write was acknowledged, false when it was refused, cut off, or took longer than the limit. */
export type Write = (entry: Entry) => Promise<boolean>;

/**
 * The writers of the race: the same loop for everybody, four of them, each with 15 ms between the end of a write and the
 * beginning of its next. They may be started again and again; numbers go on.
 */
export class Writers {
  readonly #write: Write;
  readonly #acknowledged: Entry[] = [];
  #endings: number[] = [];
  #failed = 0;
  #sequence = 0;
  #running = false;
  #loops: readonly Promise<void>[] = [];

  constructor(write: Write) {
    this.#write = write;
  }

  start(): void {
    this.#endings = [];
    this.#failed = 0;
    this.#running = true;
    this.#loops = Array.from({ length: writerCount }, (_, writer) => this.#loop(writer));
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  /** When writes were acknowledged since the last start, as `performance.now()` counts. */
  get endings(): readonly number[] {
    return this.#endings;
  }

  /** Writes without an acknowledgement since the last start. */
  get failed(): number {
    return this.#failed;
  }

  /** Everything that was ever acknowledged. */
  get acknowledged(): readonly Entry[] {
    return this.#acknowledged;
  }

  async #loop(writer: number): Promise<void> {
    while (this.#running) {
      this.#sequence += 1;
      const entry = { writer, sequence: this.#sequence };
      if (await this.#write(entry)) {
        this.#endings.push(performance.now());
        this.#acknowledged.push(entry);
      } else {
        this.#failed += 1;
      }
      await sleep(pauseMs);
    }
  }
}
