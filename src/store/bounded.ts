/**
 * `work`, or a rejection with `late()` after `ms`. The work itself goes on: whoever calls this says what an answer that
 * nobody waits for means.
 */
export async function bounded<T>(work: Promise<T>, ms: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
