import { type FoundRecord, matchesFilter, type RecordFilter } from '../../core/audit/record-filter.ts';
import { idsIn, mayRead, type ReadersView } from '../../core/audit/record-readers.ts';
import { eachRecord } from '../../core/audit/rfc5424.ts';
import { accountOf, type FullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { newestRows } from '../../store/audit-list.ts';
import type { Store } from '../../store/open-store.ts';
import { administeredAccounts, knownAmong } from '../../store/record-visibility.ts';

/** So long is looked for records: who may read few of many, or asks for what is rare, does better to name a time. */
const searchMs = 8000;

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/**
 * The newest records that are asked for and that `role` may read.
 *
 * @throws Problem `store_unanswered` when the trail is too long to be looked through
 */
export async function readableRecords(
  { reads, trail }: Store,
  role: FullId,
  filter: RecordFilter,
  { limit, offset }: Page,
): Promise<readonly FoundRecord[]> {
  const reader = await openReader({ reads }, role);
  const giveUpAt = performance.now() + searchMs;
  const page: FoundRecord[] = [];
  let passedOver = 0;
  for await (const rows of newestRows(trail, filter)) {
    const asked = rows.flatMap(newestFirst).filter((found) => matchesFilter(found, filter));
    const view = await reader(asked);
    for (const found of asked) {
      if (!mayRead(found.record, view)) continue;
      if (passedOver < offset) passedOver += 1;
      else page.push(found);
      if (page.length >= limit) return page;
    }
    if (performance.now() > giveUpAt) throw tooLong();
  }
  return page;
}

/** What a role knows of is asked for once for each id, and not at all where it administers the account. */
async function openReader(
  { reads }: Pick<Store, 'reads'>,
  role: FullId,
): Promise<(records: readonly FoundRecord[]) => Promise<ReadersView>> {
  const accounts = await reads.run((sql) => administeredAccounts(sql, role));
  const asked = new Set<FullId>();
  const had = new Set<FullId>();
  const seen = new Set<FullId>();
  const administers = (account: string): boolean => accounts.has(account);
  const view: ReadersView = {
    administers,
    has: (id) => had.has(id) || administers(accountOf(id)),
    sees: (id) => seen.has(id) || had.has(id) || administers(accountOf(id)),
  };
  return async (records) => {
    const ids = new Set(records.flatMap(({ record }) => idsIn(record)));
    const unknown = [...ids].filter((id) => !administers(accountOf(id)) && !asked.has(id));
    if (unknown.length === 0) return view;
    const known = await reads.run((sql) => knownAmong(sql, role, unknown));
    for (const id of unknown) asked.add(id);
    for (const id of known.had) had.add(id);
    for (const id of known.seen) seen.add(id);
    return view;
  };
}

/** The records of a row have one time: that of the request. */
function newestFirst({ record, hostname }: FoundRecord): readonly FoundRecord[] {
  return eachRecord(record)
    .map((each) => ({ record: each, hostname }))
    .toReversed();
}

function tooLong(): Problem {
  return new Problem(
    'store_unanswered',
    'The trail is too long to be looked through for this. Name a time with since and until, or a resource.',
  );
}
