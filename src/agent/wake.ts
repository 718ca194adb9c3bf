/** Wakes the loop: a turn waits for its time or for the first thing that happens, whichever is earlier. */
export class Wake {
  #ring: (() => void) | null = null;
  #rung = false;

  /** Something happened that a turn should look at. */
  ring(): void {
    this.#rung = true;
    this.#ring?.();
  }

  /** Resolves after `ms`, or at once when `ring` was called since the last wait began to be served. */
  async wait(ms: number): Promise<void> {
    if (!this.#rung && ms > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#ring = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#ring = null;
    this.#rung = false;
  }
}
