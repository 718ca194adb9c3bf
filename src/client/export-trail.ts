import type { ExportedChains, ExportedCheckpoint, ExportedRow } from '../core/audit/exported.ts';
import type { Door } from './exchange.ts';
import { readTrailChains, readTrailCheckpoints, readTrailRows, type TrailTime } from './trail.ts';

/** A trail as it stood when the export began. */
export interface TrailExport {
  /** What nodes have signed of it. */
  readonly checkpoints: readonly ExportedCheckpoint[];
  readonly chains: ExportedChains['chains'];
  readonly pages: AsyncGenerator<readonly ExportedRow[], void>;
}

const rowsAtOnce = 2000;
const placesAtOnce = 1000;

/**
 * Exports the trail, or what of it has a time. It holds the records up to the heads of the chains that it tells, all of
 * them and no others: they had been seen when the heads were read, before the first page. What comes meanwhile is left out.
 */
export async function exportTrail(
  door: Door,
  asked: TrailTime & { readonly begin: 'export' | 'verify' },
): Promise<TrailExport> {
  // In this order: a chain does not end before a place of it that was signed earlier, unless somebody cut it.
  const before = await allCheckpoints(door);
  const seen = await readTrailChains(door, asked);
  const checkpoints = await withPruned(door, seen.chains, before);
  return { checkpoints, chains: seen.chains, pages: pagesOf(door, asked, seen) };
}

async function allCheckpoints(door: Door): Promise<readonly ExportedCheckpoint[]> {
  const all: ExportedCheckpoint[] = [];
  for (let after = { chain: 0, seq: 0 }; ; ) {
    const page = await readTrailCheckpoints(door, { ...after, limit: placesAtOnce });
    const last = page.at(-1);
    if (last === undefined) return all;
    all.push(...page);
    after = { chain: last.chain, seq: last.seq };
  }
}

/** With the places to which records were thrown away meanwhile: they were signed as that was done. */
async function withPruned(
  door: Door,
  chains: TrailExport['chains'],
  before: readonly ExportedCheckpoint[],
): Promise<readonly ExportedCheckpoint[]> {
  const known = new Set(before.map(({ chain, seq }) => `${chain} ${seq}`));
  const cut = new Map(
    chains.flatMap(({ id, pruned }) =>
      pruned === null || known.has(`${id} ${pruned.seq}`) ? [] : [[id, pruned.seq]],
    ),
  );
  if (cut.size === 0) return before;
  const now = await allCheckpoints(door);
  return [...before, ...now.filter(({ chain, seq }) => cut.get(chain) === seq)];
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
