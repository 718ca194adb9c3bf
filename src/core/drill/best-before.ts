/** Something with a place on an axis, a value to compare by, and an owner. */
export interface Ranked<T> {
  readonly at: number;
  readonly value: number;
  readonly owner: string | number;
  readonly of: T;
}

/** Of all that stands before `at` and does not belong to `owner`, what has the highest value; null: there is nothing. */
export type BestBefore<T> = (at: number, owner: string | number) => Ranked<T> | null;

/** The best so far, and the best so far of any other owner. */
interface Best<T> {
  readonly first: Ranked<T>;
  readonly other: Ranked<T> | null;
}

/** Sorts once, so that each question costs one binary search. "Before" is strict: equal times tell no order. */
export function bestBefore<T>(items: readonly Ranked<T>[]): BestBefore<T> {
  const sorted = items.toSorted((a, b) => a.at - b.at);
  const best: Best<T>[] = [];
  for (const item of sorted) best.push(better(best.at(-1), item));
  return (at, owner) => {
    const so = best[countBefore(sorted, at) - 1];
    if (so === undefined) return null;
    return so.first.owner === owner ? so.other : so.first;
  };
}

function better<T>(so: Best<T> | undefined, item: Ranked<T>): Best<T> {
  if (so === undefined) return { first: item, other: null };
  const { first, other } = so;
  if (item.value > first.value) return { first: item, other: item.owner === first.owner ? other : first };
  if (item.owner === first.owner || (other !== null && item.value <= other.value)) return so;
  return { first, other: item };
}

/** How many stand before `at`, where all are sorted by it. */
export function countBefore(sorted: readonly { readonly at: number }[], at: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.at ?? Number.POSITIVE_INFINITY) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
