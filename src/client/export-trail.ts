import type { ExportedChains, ExportedRow } from '../core/audit/exported.ts';
import type { Door } from './exchange.ts';
import { readTrailChains, readTrailRows, type TrailTime } from './trail.ts';

/** A trail as it stood when the export began. */
export interface TrailExport {
  readonly chains: ExportedChains['chains'];
  readonly pages: AsyncGenerator<readonly ExportedRow[], void>;
}

const rowsAtOnce = 2000;

/**
 * Exports the trail, or what of it has a time. It holds the records up to the heads of the chains that it tells, all of
 * them and no others: they had been seen when the heads were read, before the first page. What comes meanwhile is left out.
 */
export async function exportTrail(door: Door, time: TrailTime): Promise<TrailExport> {
  const seen = await readTrailChains(door, { ...time, begin: 'export' });
  return { chains: seen.chains, pages: pagesOf(door, time, seen) };
}

async function* pagesOf(
  door: Door,
  { since, until }: TrailTime,
  { chains, ids }: ExportedChains,
): AsyncGenerator<readonly ExportedRow[], void> {
  if (ids === null) return;
  const heads = new Map(chains.map(({ id, head }) => [id, head.seq]));
  const belongs = ({ id, chain, seq, record: { timestamp } }: ExportedRow): boolean =>
    id <= ids.last &&
    (chain === null || (seq ?? 0) <= (heads.get(chain) ?? -1)) &&
    (since === null || timestamp >= since) &&
    (until === null || timestamp < until);
  for (let after = ids.first - 1n; after < ids.last; ) {
    const rows = await readTrailRows(door, { after, limit: rowsAtOnce, behind: null });
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
    yield rows.filter(belongs);
  }
}
