import {
  type Acknowledged,
  type Acknowledgements,
  type Load,
  type LocalChain,
  travelName,
} from './carry-step.ts';
import type { ChainId } from './chain.ts';
import type { PushOutcome } from './pushed.ts';

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

/** The answer when the master takes all of it. */
export function allStored(loads: readonly Load[]): readonly PushOutcome[] {
  return loads.map((load) => {
    const { chain, rows, continued } = load;
    const { seq, hash } = rows.at(-1) ?? chain.head;
    const head = { seq: seq - (continued?.from.seq ?? 0), hash };
    return { node: chain.node, chain: travelName(load), stored: true, head };
  });
}

function nameOf({ node, chain }: ChainId): string {
  return `${node} ${chain}`;
}
