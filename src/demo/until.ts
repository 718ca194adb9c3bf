import { setTimeout as wait } from 'node:timers/promises';
import { Problem } from '../core/problem.ts';

/**
 * Asks over and over, ten times a second, until the answer is yes.
 *
 * @throws Problem `command_timeout` with the sentence `late` after `limitMs`
 */
export async function until(
  limitMs: number,
  signal: AbortSignal,
  late: () => string,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    signal.throwIfAborted();
    if (performance.now() > deadline) throw new Problem('command_timeout', late());
    await wait(100, undefined, { signal });
  }
}
