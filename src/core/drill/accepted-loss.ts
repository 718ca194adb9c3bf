import { kindsOf } from './follower-lives.ts';
import type { AcceptedLoss, History, Operation } from './history.ts';
import type { Violation } from './verdict.ts';
import { when } from './words.ts';

/** A history without what an operator accepted to lose, and whether exactly that was lost. */
export interface Settled {
  readonly history: History;
  /** Acknowledged writes that are gone, as it was written down. */
  readonly lost: number;
  readonly violations: readonly Violation[];
}

/**
 * Takes out of the history what a forced failover was allowed to lose, so that everything else can be judged as ever: a write
 * that is gone and was not acknowledged before the position that was written down, and the reads that showed it.
 *
 * What was acknowledged by then stays in, and is a lost write if it is missing. What began only after the log had gone beyond
 * that position must be gone: if it is there, what was written down was wrong.
 */
export function settleAcceptedLoss(history: History): Settled {
  const { acceptedLoss: loss } = history;
  if (loss === null) return { history, lost: 0, violations: [] };
  const isThere = ({ key, version }: Operation): boolean | null =>
    version === null ? null : (history.kept.get(key)?.includes(version) ?? null);
  const early = history.operations.filter(
    ({ action, outcome, startedAt }) =>
      action === 'write' && outcome !== 'failed' && startedAt < loss.orderedAt,
  );
  const gone = early.filter((one) => !isKeptSurely(one, loss) && isThere(one) === false);
  const still = early.filter(
    (one) =>
      one.outcome === 'ok' &&
      one.startedAt > loss.lostAfter &&
      one.endedAt < loss.orderedAt &&
      isThere(one) === true,
  );
  const names = new Set(gone.map(nameOf));
  const operations = history.operations.filter(
    (one) => !names.has(nameOf(one)) || (one.action === 'read' && isLate(one, history, loss)),
  );
  return {
    history: { ...history, operations },
    lost: gone.filter(({ outcome }) => outcome === 'ok').length,
    violations: still.map((one) => unexpectedSurvivor(history, one)),
  };
}

function isKeptSurely({ outcome, endedAt }: Operation, loss: AcceptedLoss): boolean {
  return outcome === 'ok' && endedAt <= loss.keptBefore;
}

/** Nobody may show what is lost once the new master was ordered; a follower that had received it may until it is rewound. */
function isLate({ way, startedAt }: Operation, history: History, loss: AcceptedLoss): boolean {
  const follows =
    way.kind === 'followers' || (way.kind === 'node' && kindsOf(history).get(way.node) === 'follower');
  if (!follows) return startedAt > loss.orderedAt;
  const wholeAt = history.redundancy.find(({ at, whole }) => whole && at > loss.orderedAt)?.at;
  return wholeAt !== undefined && startedAt > wholeAt;
}

function nameOf({ key, version }: Operation): string {
  return `${key} ${version}`;
}

function unexpectedSurvivor({ span }: History, { key, version, startedAt }: Operation): Violation {
  const began = when(span, startedAt);
  return {
    kind: 'unexpected value',
    at: startedAt - span.beganAt,
    key,
    sentence: `Version ${version} of ${key} was begun ${began}, beyond what was written down as kept, and is there.`,
  };
}
