/**
 * Lets `most` pieces of work run at a time and `waitingMost` wait.
 *
 * @param full the error of what comes when too many wait already
 */
export function limited(
  most: number,
  waitingMost: number,
  full: () => Error,
): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) {
      if (waiting.length >= waitingMost) throw full();
      await new Promise<void>((resolve) => waiting.push(resolve)); // takes over the place of what has ended
    } else {
      running += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
