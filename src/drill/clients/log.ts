import type { Operation, Outcome, Redundancy, Sighting, Way } from '../../core/drill/history.ts';

/** What the clients of one round have seen so far. Only grows. */
export class RoundLog {
  readonly operations: Operation[] = [];
  readonly sightings: Sighting[] = [];
  readonly redundancy: Redundancy[] = [];
  #waiting: { readonly test: () => boolean; readonly resolve: () => void }[] = [];

  add(operation: Operation): void {
    this.operations.push(operation);
    this.#look();
  }

  see(sighting: Sighting): void {
    this.sightings.push(sighting);
    this.#look();
  }

  tell(redundancy: Redundancy): void {
    this.redundancy.push(redundancy);
    this.#look();
  }

  /** Resolves true once `test` holds, looked at after each entry; false when `signal` is aborted before. */
  async until(test: () => boolean, signal: AbortSignal): Promise<boolean> {
    if (test()) return true;
    if (signal.aborted) return false;
    return new Promise((resolve) => {
      const entry = { test, resolve: () => resolve(true) };
      this.#waiting.push(entry);
      signal.addEventListener('abort', () => resolve(false), { once: true });
    });
  }

  /** How many writes over a way were acknowledged that began at or after `since`. */
  acknowledged(way: Way['kind'], since: number): number {
    let count = 0;
    for (let at = this.operations.length - 1; at >= 0; at -= 1) {
      const operation = this.operations[at];
      if (operation === undefined || operation.endedAt < since) break;
      const counts =
        operation.action === 'write' && operation.outcome === 'ok' && operation.startedAt >= since;
      if (counts && operation.way.kind === way) count += 1;
    }
    return count;
  }

  #look(): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter(({ test, resolve }) => {
      if (!test()) return true;
      resolve();
      return false;
    });
  }
}

/** The end of an operation, of which the beginning is known. */
export function ended(
  begun: Pick<Operation, 'client' | 'action' | 'way' | 'key' | 'startedAt'>,
  end: { readonly endedAt: number; readonly outcome: Outcome; readonly because: string | null },
  version: number | null,
): Operation {
  return { ...begun, ...end, version };
}
