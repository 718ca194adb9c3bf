import type { GoneVariable, Report } from './plan.ts';

type Withheld = Extract<Report, { readonly code: 'removal_withheld' }>;

/** Names in a report; the count is of all. */
const mostNamed = 5;

/** That variables of a safe are wanted no more and stay for now, readable as before; nothing when there are none. */
export function withheldRemovals(
  branch: string,
  because: Withheld['because'],
  gone: readonly GoneVariable[],
): readonly Withheld[] {
  if (gone.length === 0) return [];
  const identifiers = gone.slice(0, mostNamed).map(({ path }) => `${branch}/${path}`);
  return [{ code: 'removal_withheld', branch, because, kept: gone.length, identifiers }];
}
