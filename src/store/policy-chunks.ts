/** Rows that go to PostgreSQL in one statement: more only costs memory on both sides. */
const chunkRows = 5000;

/** `items` in the order they have, at most some thousand at a time. */
export function* inChunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += chunkRows) yield items.slice(from, from + chunkRows);
}
