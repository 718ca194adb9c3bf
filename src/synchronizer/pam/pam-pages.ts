import { Problem } from '../../core/problem.ts';
import type { PamPage } from './pam-shapes.ts';

const pageSize = 1000;
/** Ten times what a safe may hold. */
const mostPages = 200;

/**
 * A whole list, by `nextLink` where the server names one, else by offset. A list that ends before the number of entries that the
 * server itself gives, or whose number changes meanwhile, was not read: half a list would pass for removed accounts.
 *
 * @throws Problem `source_unexpected`, and what `readPage` throws
 */
export async function readAllPages<T>(
  what: string,
  readPage: (query: string) => Promise<PamPage<T>>,
): Promise<readonly T[]> {
  const items: T[] = [];
  let query: string | null = `offset=0&limit=${pageSize}`;
  let total: number | null = null;
  for (let pages = 0; query !== null; pages += 1) {
    if (pages >= mostPages) throw incomplete(what, `it does not end after ${mostPages} pages`);
    const page: PamPage<T> = await readPage(query);
    items.push(...page.items);
    const told = totalOf(page, pages === 0);
    if (total !== null && told !== null && told !== total)
      throw incomplete(what, 'it changed while it was read');
    total ??= told;
    query = nextQuery(page, items.length, total);
  }
  if (total !== null && items.length < total) {
    throw incomplete(what, `${items.length} entries came of ${total}`);
  }
  return items;
}

/** A count that is that of a page which is not the last says nothing of the whole. */
function totalOf({ items, count, nextQuery: next }: PamPage<unknown>, isFirst: boolean): number | null {
  const isOfPage = count === items.length && (!isFirst || next !== null);
  return isOfPage ? null : count;
}

function nextQuery(
  { items, nextQuery: named }: PamPage<unknown>,
  got: number,
  total: number | null,
): string | null {
  if (items.length === 0) return null;
  if (named !== null) return named;
  const isMore = total === null ? items.length >= pageSize : got < total;
  return isMore ? `offset=${got}&limit=${pageSize}` : null;
}

function incomplete(what: string, why: string): Problem {
  return new Problem('source_unexpected', `${what} was not read whole: ${why}.`);
}
