import { Problem } from '../../core/problem.ts';
import type { NextPage, PamPage } from './pam-shapes.ts';

const pageSize = 1000;
/** Ten times what a safe may hold. */
const mostPages = 200;
/** A list that has moved under the reader is read once more. */
const mostReadings = 2;

/** What the pages of one kind of list have shown so far, so that it need not be found out for each list. */
export interface PageHabits {
  /** `count` has been more than the entries of its page, so it is that of the list. */
  countsWhole: boolean;
  namesNext: boolean;
}

export interface PagedList<T> {
  /** What is read, to begin a sentence. */
  readonly what: string;
  readonly readPage: (query: string) => Promise<PamPage<T>>;
  /** Different for different entries, whatever becomes of them meanwhile. */
  readonly keyOf: (item: T) => string;
  readonly habits: PageHabits;
}

/** What is asked for next; `overlaps`: it begins with the last entry of the page before. */
interface Step {
  readonly offset: number;
  readonly overlaps: boolean;
}

type Read<T> =
  | { readonly sound: true; readonly items: readonly T[] }
  | { readonly sound: false; readonly why: string };

export function unknownHabits(): PageHabits {
  return { countsWhole: false, namesNext: false };
}

/**
 * A whole list. An entry that goes while a list is read moves all behind it to the front, and the one at the edge of a page would be
 * missed: half a list would pass for removed accounts. So each page begins with the last entry of the one before, no entry may come
 * twice, and there must be as many as the server counts. Some versions count the entries of the page, and some name no next page: where
 * neither tells the end, it is a page with nothing new.
 *
 * @throws Problem `source_unexpected` when the list is not sound the second time either, and what `readPage` throws
 */
export async function readAllPages<T>(list: PagedList<T>): Promise<readonly T[]> {
  let why = '';
  for (let readings = 1; readings <= mostReadings; readings += 1) {
    const read = await readOnce(list);
    if (read.sound) return read.items;
    why = read.why;
  }
  throw new Problem('source_unexpected', `${list.what} was not read whole: ${why}.`);
}

async function readOnce<T>({ readPage, keyOf, habits }: PagedList<T>): Promise<Read<T>> {
  const items: T[] = [];
  const keys = new Set<string>();
  let step: Step | null = { offset: 0, overlaps: false };
  let total: number | null = null;
  for (let pages = 0; step !== null; pages += 1) {
    if (pages >= mostPages) return { sound: false, why: `it does not end after ${mostPages} pages` };
    const page: PamPage<T> = await readPage(`offset=${step.offset}&limit=${pageSize}`);
    learn(habits, page);
    const fresh: readonly T[] = step.overlaps ? page.items.slice(1) : page.items;
    if (step.overlaps && !meets(items, page.items, keyOf)) return moved;
    items.push(...fresh);
    for (const item of fresh) keys.add(keyOf(item));
    if (keys.size < items.length) return moved;
    const told = totalOf(page, habits);
    if (total !== null && told !== null && told !== total) return moved;
    total ??= told;
    step = nextStep(page, items.length, fresh.length, total, habits);
  }
  const isWhole = total === null || items.length === total;
  return isWhole ? { sound: true, items } : { sound: false, why: `${items.length} entries came of ${total}` };
}

const moved = { sound: false, why: 'it changed while it was read' } as const;

function learn(habits: PageHabits, { items, count, next }: PamPage<unknown>): void {
  if (count !== null && count > items.length) habits.countsWhole = true;
  if (next !== null) habits.namesNext = true;
}

function meets<T>(before: readonly T[], page: readonly T[], keyOf: (item: T) => string): boolean {
  const [last, first] = [before.at(-1), page[0]];
  return last !== undefined && first !== undefined && keyOf(last) === keyOf(first);
}

/** As many entries as the page has are those of the page, until the server has shown otherwise. */
function totalOf({ items, count }: PamPage<unknown>, { countsWhole }: PageHabits): number | null {
  return countsWhole || count !== items.length ? count : null;
}

function nextStep(
  { items, next }: PamPage<unknown>,
  got: number,
  fresh: number,
  total: number | null,
  { namesNext }: PageHabits,
): Step | null {
  if (fresh === 0) return null;
  if (next !== null) return followed(next, items.length, got);
  const isEnd = total === null ? namesNext : got >= total;
  return isEnd ? null : overlapping(items.length, got);
}

/** A link that does not count in entries that were shown (some are kept from us) is followed as it is. */
function followed({ offset }: NextPage, length: number, got: number): Step {
  return offset === null || offset === got ? overlapping(length, got) : { offset, overlaps: false };
}

/** A page of a server that gives one entry at a time would hold nothing but the overlap. */
function overlapping(length: number, got: number): Step {
  return length > 1 ? { offset: got - 1, overlaps: true } : { offset: got, overlaps: false };
}
