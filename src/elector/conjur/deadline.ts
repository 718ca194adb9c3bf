import { Problem } from '../../core/problem.ts';

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
