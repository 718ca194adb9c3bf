import { ApiRefusal } from './refusal.ts';
import type { ApiRecord } from './resources.ts';

/** The most that a server gives at once, unless its operator says otherwise. */
const usualPageSize = 1000;

export interface PagedList {
  readonly readPage: (page: {
    readonly limit: number;
    readonly offset: number;
  }) => Promise<readonly ApiRecord[]>;
  /** Where the list begins for us. */
  readonly offset: number;
  /** How many are wanted at most. */
  readonly limit: number;
}

/**
 * A long list a page at a time, in the order of the server. A resource that is deleted meanwhile moves all behind it to the front, and
 * the one at the edge of a page would be missed. So a page begins with the last entry of the one before; where it holds nothing of that,
 * an earlier one is read. A server that gives one entry at a time is believed. An entry may come twice when a whole page of them was deleted.
 */
export async function* joinedPages({
  readPage,
  offset,
  limit: wanted,
}: PagedList): AsyncGenerator<readonly ApiRecord[]> {
  let pageSize = usualPageSize;
  let at = offset;
  let found = 0;
  let before: ReadonlySet<unknown> = new Set();
  while (found < wanted) {
    const limit = Math.min(pageSize, wanted - found + (before.size > 0 ? 1 : 0));
    const page = await readPage({ limit, offset: at }).catch((error: unknown) => {
      const most = limitNamedBy(error);
      if (most === null || most >= limit) throw error;
      pageSize = most;
      return null;
    });
    if (page === null) continue;
    const joint = page.findLastIndex(({ id }) => before.has(id));
    if (before.size > 0 && joint < 0 && at > offset) {
      at = Math.max(offset, at - Math.max(1, limit - 1));
      continue;
    }
    const fresh = page.slice(joint + 1, joint + 1 + wanted - found);
    found += fresh.length;
    if (fresh.length > 0) yield fresh;
    if (page.length < limit) return;
    const overlap = pageSize > 1 ? 1 : 0;
    at += page.length - overlap;
    before = overlap > 0 ? new Set(page.map(({ id }) => id)) : new Set();
  }
}

/** The greatest limit that a server takes, when it has refused another; null: it was something else. */
function limitNamedBy(error: unknown): number | null {
  if (!(error instanceof ApiRefusal) || error.status !== 422) return null;
  const most = Number(/'limit' parameter must not exceed (\d{1,9})$/iu.exec(error.said?.message ?? '')?.[1]);
  return most > 0 ? most : null;
}
