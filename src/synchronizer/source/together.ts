/**
 * Does pieces of one whole at a time. When one of them fails, the others are told to stop, and awaited: nothing goes on behind the back
 * of whoever called.
 *
 * @param first the index of the piece that is begun first; those before it come last
 * @throws what the first of them failed with
 */
export async function together<T>(
  signal: AbortSignal,
  pieces: readonly ((signal: AbortSignal) => Promise<T>)[],
  first = 0,
): Promise<readonly T[]> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const failures: unknown[] = [];
  const ends = await Promise.allSettled(
    [...pieces.slice(first), ...pieces.slice(0, first)].map(async (piece) => {
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
  const values = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  const wrapped = values.length - first;
  return [...values.slice(wrapped), ...values.slice(0, wrapped)];
}
