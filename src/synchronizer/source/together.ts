/**
 * Does pieces of one whole at a time. When one of them fails, the others are told to stop, and awaited: nothing goes on behind the back
 * of whoever called.
 *
 * @throws what the first of them failed with
 */
export async function together<T>(
  signal: AbortSignal,
  pieces: readonly ((signal: AbortSignal) => Promise<T>)[],
): Promise<readonly T[]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  const ends = await Promise.allSettled(
    pieces.map(async (piece) => {
      try {
        return await piece(either);
      } catch (error) {
        failures.push(error);
        stop.abort();
        throw error;
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}
