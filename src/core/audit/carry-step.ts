import type { ChainHead } from './chain.ts';
import type { TrailChain, TrailRow } from './trail-verifier.ts';

/** A chain of this node, and where its records lie. */
export interface LocalChain extends TrailChain {
  /** Its records have higher ids. */
  readonly afterId: bigint;
}

/** A row of the trail, with its place in the order of the database. */
export interface PlacedRow extends TrailRow {
  readonly id: bigint;
}

/** A row of this node's trail as it is carried. */
export interface LocalRow extends ChainHead {
  readonly id: bigint;
  /** What the rows of this database call the chain. */
  readonly chain: number;
  /** The canonical text of the record: it is carried, not looked at. */
  readonly text: string;
}

/** How far the master has a chain. */
export interface Acknowledged {
  readonly seq: number;
  /** The row of that record, or one before it. */
  readonly id: bigint;
  /** Nothing is sent before then, on the monotonic clock: the master refused it. */
  readonly notBefore: number;
  /** The master lost records that are thrown away here: what comes behind them travels as a chain of its own. */
  readonly continued: Continuation | null;
  /** The master of now has said so, and not one before it. */
  readonly isSure: boolean;
}

/** A chain that goes on for the master under another name, behind a place that it does not have. */
export interface Continuation {
  /** The last record that was thrown away here. */
  readonly from: ChainHead;
  /** Where the master has the other chain; null: nowhere yet. */
  readonly head: ChainHead | null;
}

/** What the master is known to have, by the ids of chains. */
export type Acknowledgements = ReadonlyMap<number, Acknowledged>;

/** The chains of which the master lacks records, as far as is known; those that it refused rest for a while. */
export function lacking(
  chains: readonly LocalChain[],
  known: Acknowledgements,
  nowMs: number,
): readonly LocalChain[] {
  return chains.filter((chain) => {
    return chain.head.seq > sentOf(chain, known) && nowMs >= (known.get(chain.id)?.notBefore ?? 0);
  });
}

/** How many records the master lacks, as far as is known. */
export function backlogOf(chains: readonly LocalChain[], known: Acknowledgements): number {
  return chains.reduce((sum, chain) => sum + Math.max(0, chain.head.seq - sentOf(chain, known)), 0);
}

/** No row that is to be sent has this id, or a lower one. */
export function beforeUnsent(chains: readonly LocalChain[], known: Acknowledgements): bigint {
  const ids = chains.map(({ id, afterId }) => known.get(id)?.id ?? afterId);
  return ids.reduce((least, id) => (id < least ? id : least));
}

/** Rows of one chain, one behind the other, the first of them right behind what the master has. */
export interface Load {
  readonly chain: LocalChain;
  readonly rows: readonly LocalRow[];
  readonly continued: Continuation | null;
}

/** What the master calls the chain of a load. */
export function travelName({ chain, continued }: Omit<Load, 'rows'>): string {
  return continued === null ? chain.chain : `${chain.chain}+${continued.from.seq}`;
}

/** As many of these rows, from the first on, as have that many characters together; one at least. */
export function firstWithin(rows: readonly LocalRow[], characters: number): readonly LocalRow[] {
  let sum = 0;
  const end = rows.findIndex(({ text }, index) => {
    sum += text.length;
    return sum > characters && index > 0;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

/** What of these rows (in the order of the database) goes now. */
export function loadsOf(
  chains: readonly LocalChain[],
  rows: readonly LocalRow[],
  known: Acknowledgements,
): readonly Load[] {
  const byChain = Map.groupBy(rows, ({ chain }) => chain);
  return chains.flatMap((chain) => {
    const sent = sentOf(chain, known);
    const fresh = (byChain.get(chain.id) ?? []).filter(({ seq }) => seq > sent);
    const upTo = fresh.findIndex(({ seq }, index) => seq !== sent + 1 + index);
    const run = upTo === -1 ? fresh : fresh.slice(0, upTo);
    const continued = known.get(chain.id)?.continued ?? null;
    return run.length === 0 ? [] : [{ chain, rows: run, continued }];
  });
}

/** Chains that have a hole where the next record should be, and rows behind it: somebody took one out. */
export function holesIn(
  chains: readonly LocalChain[],
  rows: readonly LocalRow[],
  known: Acknowledgements,
): readonly LocalChain[] {
  const first = new Map<number, number>();
  for (const { chain, seq } of rows) if (!first.has(chain)) first.set(chain, seq);
  return chains.filter((chain) => {
    const seq = first.get(chain.id);
    return seq !== undefined && seq > sentOf(chain, known) + 1;
  });
}

/** Whether the master of now has this record of a chain for good. */
export function isThere({ id }: LocalChain, seq: number, known: Acknowledgements): boolean {
  const place = known.get(id);
  return place?.isSure === true && place.seq >= seq;
}

/** The last number that the master has: what was thrown away here, it had. */
export function sentOf({ id, pruned }: LocalChain, known: Acknowledgements): number {
  return Math.max(known.get(id)?.seq ?? 0, pruned?.seq ?? 0);
}
