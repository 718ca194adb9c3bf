import { Problem } from '../../core/problem.ts';
import type { PamPage } from './pam-shapes.ts';

const pageSize = 1000;
/** Ten times what a safe may hold. */
const mostPages = 200;
/** A list that moves under the reader is read again so often at most. */
const mostReadings = 3;

export interface PagedList<T> {
  /** What is read, to begin a sentence. */
  readonly what: string;
  readonly readPage: (query: string) => Promise<PamPage<T>>;
  /** The same for the same entry. */
  readonly keyOf: (item: T) => string;
}

/** What is asked for next; `overlaps`: it begins with the last entry of the page before. */
interface Step {
  readonly query: string;
  readonly overlaps: boolean;
}

/**
 * A whole list, by `nextLink` where the server names one, else by offset. An entry that goes while a list is read moves all behind it
 * to the front, and the one at the edge of a page would be missed: half a list would pass for removed accounts. So each page begins
 * with the last entry of the one before, and a list that has moved is read again from its beginning.
 *
 * @throws Problem `source_unexpected` when the list keeps moving, or has not the number of entries that the server itself gives; and
 * what `readPage` throws
 */
export async function readAllPages<T>(list: PagedList<T>): Promise<readonly T[]> {
  for (let readings = 1; readings <= mostReadings; readings += 1) {
    const items = await readOnce(list);
    if (items !== null) return items;
  }
  throw incomplete(list.what, 'it changed while it was read');
}

/** null: the list moved meanwhile. */
async function readOnce<T>({ what, readPage, keyOf }: PagedList<T>): Promise<readonly T[] | null> {
  const items: T[] = [];
  let step: Step | null = { query: `offset=0&limit=${pageSize}`, overlaps: false };
  let total: number | null = null;
  for (let pages = 0; step !== null; pages += 1) {
    if (pages >= mostPages) throw incomplete(what, `it does not end after ${mostPages} pages`);
    const page: PamPage<T> = await readPage(step.query);
    if (step.overlaps && !meets(items, page.items, keyOf)) return null;
    const fresh: readonly T[] = step.overlaps ? page.items.slice(1) : page.items;
    items.push(...fresh);
    const told = totalOf(page, pages === 0);
    if (total !== null && told !== null && told !== total) return null;
    total ??= told;
    if (pages > 0 && new Set(items.map(keyOf)).size < items.length) return null;
    step = fresh.length === 0 ? null : nextStep(page, items.length, total);
  }
  if (total !== null && items.length !== total)
    throw incomplete(what, `${items.length} entries came of ${total}`);
  return items;
}

function meets<T>(before: readonly T[], page: readonly T[], keyOf: (item: T) => string): boolean {
  const [last, first] = [before.at(-1), page[0]];
  return last !== undefined && first !== undefined && keyOf(last) === keyOf(first);
}

/** A count that is that of a page which is not the last says nothing of the whole. */
function totalOf({ items, count, nextQuery: next }: PamPage<unknown>, isFirst: boolean): number | null {
  const isOfPage = count === items.length && (!isFirst || next !== null);
  return isOfPage ? null : count;
}

function nextStep(
  { items, nextQuery: named }: PamPage<unknown>,
  got: number,
  total: number | null,
): Step | null {
  if (named !== null) return overlapping(named, got) ?? { query: named, overlaps: false };
  const isMore = total === null ? items.length >= pageSize : got < total;
  return isMore ? { query: `offset=${got - 1}&limit=${pageSize}`, overlaps: true } : null;
}

/** One entry more than a link names; null for one that does not count in entries that were shown. */
function overlapping(named: string, got: number): Step | null {
  const query = new URLSearchParams(named);
  if (query.get('offset') !== String(got)) return null;
  query.set('offset', String(got - 1));
  return { query: query.toString(), overlaps: true };
}

function incomplete(what: string, why: string): Problem {
  return new Problem('source_unexpected', `${what} was not read whole: ${why}.`);
}
