import { bestBefore, countBefore } from './best-before.ts';
import { type Claim, claimsOf } from './claims.ts';
import type { FaultSpan, History, Operation } from './history.ts';
import type { Violation } from './verdict.ts';
import { when } from './words.ts';

/** A write that one node acknowledged of itself, as the master that it was all the while. */
interface OwnWrite {
  readonly claim: Claim;
  readonly operation: Operation;
}

/**
 * Two nodes that acknowledge writes at the same time. Each of these proves it, whatever happened unseen:
 *
 * - A was master, without a break, from before a write to B began until A acknowledged one that began after B's had ended.
 * - A acknowledged a write that began after another node had been seen as master of a higher term: that node's promotion
 *   had to wait until A could acknowledge no more.
 *
 * That A acknowledged, then B, then A again proves nothing by itself: A may have become master again, under a later term,
 * and a master that has handed over passes writes on and answers in the name of its successor. So an acknowledgement counts
 * only where the looks before and after it found the node to be master, of one term. Two writes that overlap prove nothing
 * either: either may have been acknowledged first. O(n log n).
 *
 * @returns one for each write, at the first rule that it breaks
 */
export function twoWriters(history: History): readonly Violation[] {
  // A node that was silent between two looks, stopped or cut off, and is master of the same term again has been so all along.
  const claims = claimsOf(history.sightings.filter(({ says }) => says !== null));
  const own = ownWrites(history.operations, claims);
  const during = anotherMastership(own);
  const above = higherTerm(history);
  return own.flatMap((write) => {
    const { startedAt } = write.operation;
    const { node, term } = write.claim;
    const spanning = during(write);
    if (spanning !== null) return [splitSentence(history.span, write, spanning)];
    const higher = above(startedAt, node);
    if (higher === null || higher.value <= term) return [];
    return [
      violation(
        history.span,
        write,
        `${higher.owner} had been seen as master of term ${higher.value} ${when(history.span, higher.at)}`,
      ),
    ];
  });
}

/** The acknowledged writes straight to nodes that were surely master from their beginning to their end. */
function ownWrites(operations: readonly Operation[], claims: readonly Claim[]): readonly OwnWrite[] {
  const byNode = new Map(
    Array.from(
      Map.groupBy(claims, ({ node }) => node),
      ([node, of]) => [node, of.map((claim) => ({ at: claim.from, claim })).toSorted((a, b) => a.at - b.at)],
    ),
  );
  return operations.flatMap((operation) => {
    const { action, way, outcome, startedAt, endedAt } = operation;
    if (action === 'read' || outcome !== 'ok' || way.kind !== 'node') return [];
    const known = byNode.get(way.node) ?? [];
    const claim = known[countBefore(known, startedAt) - 1]?.claim;
    return claim === undefined || endedAt > claim.to ? [] : [{ claim, operation }];
  });
}

/** Asks for another node that was master from before a write until it acknowledged one that began after it. */
function anotherMastership(own: readonly OwnWrite[]): (write: OwnWrite) => OwnWrite | null {
  const last = new Map<Claim, OwnWrite>();
  for (const write of own) {
    const known = last.get(write.claim);
    if (known === undefined || write.operation.startedAt > known.operation.startedAt)
      last.set(write.claim, write);
  }
  const longest = bestBefore(
    Array.from(last, ([claim, of]) => ({
      at: claim.from,
      value: of.operation.startedAt,
      owner: claim.node,
      of,
    })),
  );
  return ({ claim, operation }) => {
    const found = longest(operation.startedAt, claim.node);
    return found !== null && found.value > operation.endedAt ? found.of : null;
  };
}

/** Asks for the highest term in which any node but one had been seen as master by then. */
function higherTerm({ sightings }: History): ReturnType<typeof bestBefore<null>> {
  return bestBefore(
    sightings.flatMap(({ node, answeredAt, says }) =>
      says?.role === 'master' && says.term !== null
        ? [{ at: answeredAt, value: says.term, owner: node, of: null }]
        : [],
    ),
  );
}

function splitSentence(span: FaultSpan, write: OwnWrite, spanning: OwnWrite): Violation {
  const { claim, operation } = spanning;
  return violation(
    span,
    write,
    `${claim.node}, master of term ${claim.term} since before that, acknowledged version ${operation.version} of ${operation.key} ${when(span, operation.endedAt)}`,
  );
}

function violation(span: FaultSpan, { claim, operation }: OwnWrite, meanwhile: string): Violation {
  const { key, version, startedAt, endedAt } = operation;
  return {
    kind: 'two writers',
    at: endedAt - span.beganAt,
    key,
    sentence:
      `${claim.node}, master of term ${claim.term}, acknowledged version ${version} of ${key} ${when(span, endedAt)} ` +
      `(begun ${when(span, startedAt)}); ${meanwhile}.`,
  };
}
