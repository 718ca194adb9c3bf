import type { LocalChain, PlacedRow } from './carry-step.ts';

/** What a target lacks, as one snapshot of the trail shows it. */
export interface ForwardLook {
  /** The chains of which it lacks records. */
  readonly chains: readonly LocalChain[];
  /** The last number that it has, by the ids of these chains. */
  readonly sent: ReadonlyMap<number, number>;
  /** It has every row with this id or a lower one. */
  readonly afterId: bigint;
  /** Rows that it lacks, in the order of the database. */
  readonly rows: readonly PlacedRow[];
  /** Whether these are all. */
  readonly isComplete: boolean;
  readonly snapshot: SnapshotFacts;
}

/** What is known of the transactions of a snapshot (manual, 9.27.6, `pg_snapshot`). */
export interface SnapshotFacts {
  /** Every transaction below has ended. */
  readonly xmin: bigint;
  /** The first transaction that had not begun. */
  readonly xmax: bigint;
  /** The highest id that was given to a row, asked for after the snapshot was taken. */
  readonly lastId: bigint;
}

/**
 * Up to which id nothing can appear any more. Rows of transactions side by side become visible out of order, so the last id
 * that was seen says nothing; but once every transaction has ended that ran when an id was given, all below it is there.
 */
export interface Horizon {
  readonly passedId: bigint;
  /** Passed when all transactions below `xmax` have ended; null: the next snapshot says which. */
  readonly next: { readonly id: bigint; readonly xmax: bigint | null } | null;
}

export const noHorizon: Horizon = { passedId: 0n, next: null };

/** What is known with one more snapshot. */
export function horizonAfter({ passedId, next }: Horizon, { xmin, xmax, lastId }: SnapshotFacts): Horizon {
  if (next === null) return { passedId, next: { id: lastId, xmax: null } };
  if (next.xmax === null) return { passedId, next: { id: next.id, xmax } };
  return xmin < next.xmax ? { passedId, next } : { passedId: next.id, next: { id: lastId, xmax: null } };
}

/** Records of a chain that are in the trail no more, and were not thrown away by the retention. */
export interface MissingRecords {
  readonly chain: LocalChain;
  readonly from: number;
  readonly to: number;
}

/** What goes to a target now, and how far it is then. */
export interface ForwardStep {
  readonly rows: readonly (PlacedRow & { readonly of: LocalChain })[];
  /** The last number that it has then, by the ids of chains. */
  readonly progress: ReadonlyMap<number, number>;
  readonly afterId: bigint;
  readonly missing: readonly MissingRecords[];
}

/**
 * @param count how many of the rows go
 */
export function forwardStep(look: ForwardLook, count: number, { passedId }: Horizon): ForwardStep {
  const chains = new Map(look.chains.map((chain) => [chain.id, chain]));
  const progress = new Map<number, number>();
  const missing: MissingRecords[] = [];
  const rows: (PlacedRow & { readonly of: LocalChain })[] = [];
  const reach = (chain: LocalChain, seq: number): void => {
    const sent = lastSent(look, chain, progress);
    if (seq > sent) missing.push({ chain, from: sent + 1, to: seq });
  };
  const taken = look.rows.slice(0, count);
  for (const row of taken) {
    const of = chains.get(row.chain);
    if (of === undefined) continue;
    // A number that comes again was put in by hand: it is told all the same.
    reach(of, row.seq - 1);
    rows.push({ ...row, of });
    progress.set(of.id, Math.max(row.seq, lastSent(look, of, progress)));
  }
  const isComplete = look.isComplete && taken.length === look.rows.length;
  if (isComplete) {
    for (const chain of look.chains) {
      reach(chain, chain.head.seq);
      progress.set(chain.id, Math.max(chain.head.seq, lastSent(look, chain, progress)));
    }
  }
  const reached = isComplete ? passedId : least(passedId, taken.at(-1)?.id ?? 0n);
  return { rows, progress, missing, afterId: reached > look.afterId ? reached : look.afterId };
}

/** How many records the target lacks, with the progress that was made since. */
export function forwardBacklog(look: ForwardLook, progress: ReadonlyMap<number, number> = new Map()): number {
  return look.chains.reduce((sum, chain) => {
    return sum + Math.max(0, chain.head.seq - lastSent(look, chain, progress));
  }, 0);
}

/** The last number that the target has; what the retention has thrown away is not waited for. */
function lastSent(look: ForwardLook, chain: LocalChain, progress: ReadonlyMap<number, number>): number {
  return Math.max(progress.get(chain.id) ?? look.sent.get(chain.id) ?? 0, chain.pruned?.seq ?? 0);
}

function least(one: bigint, other: bigint): bigint {
  return one < other ? one : other;
}
