import type { ChainHead, ChainId } from './chain.ts';
import type { PushOutcome } from './pushed.ts';
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

/** What is known after the master has answered. */
export function afterAnswer(
  known: Acknowledgements,
  loads: readonly Load[],
  outcomes: readonly PushOutcome[],
  { nowMs, restMs, before = known }: AnswerContext,
): Acknowledgements {
  const byName = new Map(outcomes.map((outcome) => [nameOf(outcome), outcome]));
  const next = new Map(known);
  for (const load of loads) {
    const { chain, rows, continued } = load;
    const outcome = byName.get(nameOf({ node: chain.node, chain: travelName(load) }));
    const last = rows.at(-1);
    if (outcome === undefined || last === undefined) continue;
    const place = known.get(chain.id) ?? unknownPlace(chain);
    const passed = continued?.from.seq ?? 0;
    if (outcome.stored) {
      const goesOn = continued === null ? null : { ...continued, head: outcome.head };
      next.set(chain.id, {
        seq: outcome.head.seq + passed,
        id: last.id,
        notBefore: 0,
        continued: goesOn,
        isSure: true,
      });
    } else if (isOutdated(load, outcome, { before, known })) continue;
    else if (outcome.because === 'gap') {
      // It has less than was thought: a master that lost records with an accepted loss, or one of before.
      next.set(chain.id, afterGap(load, (outcome.seq ?? 0) + passed, nowMs + restMs / 10));
    } else next.set(chain.id, { ...place, notBefore: nowMs + restMs });
  }
  return next;
}

/** What an answer is held to. */
interface AnswerContext {
  readonly nowMs: number;
  /** A chain that was refused is not sent again for so long. */
  readonly restMs: number;
  /** What was known when the push was sent; the same as is known now, unless another push was under way. */
  readonly before?: Acknowledgements;
}

/**
 * Whether a push overtook the one before it, of which this master has said since that it is there. Then it is sent again. A master
 * that has less than had been said when the push was sent is another one, or lost something: that is news.
 */
export function isOutdated(
  { chain, continued }: Omit<Load, 'rows'>,
  outcome: PushOutcome,
  { before, known }: { readonly before: Acknowledgements; readonly known: Acknowledgements },
): boolean {
  const [then, now] = [before.get(chain.id), known.get(chain.id)];
  if (outcome.stored || outcome.because !== 'gap' || now?.isSure !== true) return false;
  const seq = (outcome.seq ?? 0) + (continued?.from.seq ?? 0);
  return seq < now.seq && seq >= (then?.seq ?? 0);
}

/**
 * Whether more may be sent before the master answers: where it has said of each of these chains where it stands. The hashes of a
 * chain that goes on under another name are made from its answers.
 */
export function areSure(loads: readonly Load[], known: Acknowledgements): boolean {
  return loads.every(({ chain, continued }) => continued === null && known.get(chain.id)?.isSure === true);
}

function afterGap({ chain, continued }: Load, seq: number, notBefore: number): Acknowledged {
  const { pruned, afterId } = chain;
  if (pruned === null || seq >= pruned.seq) return { seq, id: afterId, notBefore, continued, isSure: true };
  return {
    seq: pruned.seq,
    id: afterId,
    notBefore: 0,
    continued: { from: pruned, head: null },
    isSure: true,
  };
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

/** Lets chains rest: they are looked at again later. */
export function resting(
  known: Acknowledgements,
  chains: readonly LocalChain[],
  notBefore: number,
): Acknowledgements {
  const next = new Map(known);
  for (const chain of chains) {
    next.set(chain.id, { ...(known.get(chain.id) ?? unknownPlace(chain)), notBefore });
  }
  return next;
}

function unknownPlace({ afterId }: LocalChain): Acknowledged {
  return { seq: 0, id: afterId, notBefore: 0, continued: null, isSure: false };
}

/**
 * What is known when there is another master: what the one before had, that one has as well, unless it lost something. So the
 * last record of each chain is sent once more, and its answer says how far the chain is there.
 */
export function withAnotherMaster(known: Acknowledgements): Acknowledgements {
  return new Map(
    [...known].map(([id, { continued, ...one }]): readonly [number, Acknowledged] => {
      const place = { ...one, notBefore: 0, isSure: false };
      if (continued === null)
        return [id, { ...place, seq: Math.max(0, one.seq - 1), id: one.id - 1n, continued }];
      // The hash before the last record of a chain that goes on under another name is known to nobody any more.
      const again = { from: continued.from, head: null };
      return [id, { ...place, seq: continued.from.seq, id: 0n, continued: again }];
    }),
  );
}

/** Whether the master of now has this record of a chain for good. */
export function isThere({ id }: LocalChain, seq: number, known: Acknowledgements): boolean {
  const place = known.get(id);
  return place?.isSure === true && place.seq >= seq;
}

/** The answer when the master takes all of it. */
export function allStored(loads: readonly Load[]): readonly PushOutcome[] {
  return loads.map((load) => {
    const { chain, rows, continued } = load;
    const { seq, hash } = rows.at(-1) ?? chain.head;
    const head = { seq: seq - (continued?.from.seq ?? 0), hash };
    return { node: chain.node, chain: travelName(load), stored: true, head };
  });
}

/** The last number that the master has: what was thrown away here, it had. */
export function sentOf({ id, pruned }: LocalChain, known: Acknowledgements): number {
  return Math.max(known.get(id)?.seq ?? 0, pruned?.seq ?? 0);
}

function nameOf({ node, chain }: ChainId): string {
  return `${node} ${chain}`;
}
