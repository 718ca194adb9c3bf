/**
 * Asks once for all who ask at the same time. Who comes while a question is under way waits for the next: the answer is never
 * older than the asking.
 */
export function gathered<T>(ask: () => Promise<T>): () => Promise<T> {
  let next: Promise<T> | null = null;
  let underWay: Promise<unknown> = Promise.resolve();
  return () => {
    next ??= underWay.then(() => {
      next = null;
      const asked = ask();
      underWay = asked.catch(() => undefined);
      return asked;
    });
    return next;
  };
}
