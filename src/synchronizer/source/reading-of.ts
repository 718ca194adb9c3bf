import { isProblem } from '../../core/problem.ts';
import type { Reading } from '../../core/sync/source-state.ts';

/** What `work` answers, or the sentence of the Problem that it ended with. An interruption and what is no Problem goes on. */
export async function readingOf<T>(work: () => Promise<T>): Promise<Reading<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (!isProblem(error) || error.code === 'interrupted') throw error;
    return { ok: false, fault: error.detail };
  }
}
