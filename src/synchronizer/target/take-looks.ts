/** More than so many single looks, and the whole target is read at once. */
export const mostLooks = 3000;
const looksAtATime = 8;

/** Single looks at the target, several at a time. The first that fails ends them, once those under way have ended. */
export async function takeLooks(looks: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = oneByOne(looks);
  const take = async (): Promise<void> => {
    // They share one generator: each look is taken once, and a loop that ends with an error closes it for all.
    for (const look of waiting) await look();
  };
  const ends = await Promise.allSettled(Array.from({ length: looksAtATime }, take));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

function* oneByOne<T>(items: readonly T[]): Generator<T> {
  yield* items;
}
