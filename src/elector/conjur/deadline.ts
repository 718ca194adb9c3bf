import { Problem } from '../../core/problem.ts';
import type { SendBounds } from './caller.ts';

/** Resolves as `work` does, or rejects after `ms`; the work goes on by itself then. */
export async function inTime<T>(work: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const problem = new Problem('api_unanswered', `${what}: there is no answer after ${Math.round(ms)} ms.`);
    timer = setTimeout(() => reject(problem), ms);
  });
  work.catch(() => undefined); // it may fail when nobody waits any more
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What `ask` answers, or a rejection after `timeoutMs`: then, unlike work of which something may come, it is given up.
 *
 * The signal is no composite with a timeout in it. Node (24) never frees what is composed of such a one again, as each request does, and
 * elections are looked at for ever.
 */
export async function askInTime<T>(
  ask: (bounds: SendBounds) => Promise<T>,
  { signal, timeoutMs }: SendBounds,
  what: string,
): Promise<T> {
  const late = new AbortController();
  try {
    return await inTime(ask({ signal: AbortSignal.any([signal, late.signal]), timeoutMs }), timeoutMs, what);
  } finally {
    late.abort();
  }
}
