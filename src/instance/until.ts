import { setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  readonly timeoutMs: number;
  readonly everyMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks again and again until `look` finds something; null when the time has ended. At least one look is taken.
 *
 * @throws whatever `look` throws, and the signal's reason when it is aborted.
 */
export async function until<T>(look: () => Promise<T | null>, options: UntilOptions): Promise<T | null> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await look();
    if (found !== null) return found;
    if (performance.now() + options.everyMs > deadline) return null;
    await sleep(options.everyMs, undefined, { signal: options.signal });
  }
}
