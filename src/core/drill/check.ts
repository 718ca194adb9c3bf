import { settleAcceptedLoss } from './accepted-loss.ts';
import { boundsOf } from './bounds.ts';
import { claimsOf, twoClaims } from './claims.ts';
import { figuresOf } from './figures.ts';
import { followerLives, kindsOf } from './follower-lives.ts';
import { unhealed } from './healing.ts';
import type { History, Operation } from './history.ts';
import { lanesOf } from './lanes.ts';
import { lostWrites } from './lost-writes.ts';
import { wrongReads } from './reads.ts';
import { needlessFailover } from './needless-failover.ts';
import { type Register, registersOf } from './registers.ts';
import { duplicateValues, outOfOrder, unexpectedValues } from './values.ts';
import type { Verdict, Violation } from './verdict.ts';
import { twoWriters } from './writers.ts';

/**
 * Judges one round of one fault: what was promised and not kept, and how long everything took.
 *
 * It accuses only where no course of events that keeps the promises could look like the history; what a client was not told
 * (`indeterminate`) may have happened at any time, or never. Time O(n log n) in the number of operations and sightings.
 *
 * @param round counted from 1, for the report alone
 */
export function check(whole: History, round: number): Verdict {
  const { history, lost, violations: survivors } = settleAcceptedLoss(whole);
  const { span } = history;
  const { operations } = whole;
  const registers = registersOf(history);
  const figures = figuresOf(history);
  const tookEffect = span.inEffectAt !== null;
  const violations = [
    ...survivors,
    ...wrongValues(history, registers),
    ...twoWriters(history),
    ...(tookEffect ? needlessFailover(history) : []),
    // Where nothing was tried the drill went on to the next, without waiting for anything.
    ...(tookEffect ? unhealed(history, registers, figures) : []),
  ];
  return {
    fault: span.fault,
    round,
    targets: span.targets,
    tookEffect,
    result: violations.length > 0 ? 'failed' : tookEffect ? 'passed' : 'no effect',
    ...figures,
    writes: countsOf(operations, 'write'),
    reads: countsOf(operations, 'read'),
    ...(whole.acceptedLoss === null ? {} : { acceptedLoss: lost }),
    violations: violations.toSorted((a, b) => a.at - b.at),
    twoClaims: twoClaims(claimsOf(history.sightings), span.beganAt),
  };
}

/** Key by key: what was lost, cannot be there, or was read when it had been overwritten. */
function wrongValues(history: History, registers: readonly Register[]): readonly Violation[] {
  const { span } = history;
  const kinds = kindsOf(history);
  const lifeOf = followerLives(history, kinds);
  return registers.flatMap((register) => {
    const { bounds, swap } = boundsOf(register);
    const lanes = lanesOf(register, kinds, lifeOf);
    return [
      ...unexpectedValues(span, register),
      ...duplicateValues(span, register),
      ...outOfOrder(span, register, swap),
      ...lostWrites(span, register, bounds, lanes),
      ...lanes.flatMap((lane) => wrongReads(span, register, bounds, lane)),
    ];
  });
}

function countsOf(operations: readonly Operation[], action: Operation['action']): Verdict['writes'] {
  const counts = { ok: 0, indeterminate: 0, failed: 0 };
  for (const operation of operations) if (operation.action === action) counts[operation.outcome] += 1;
  return counts;
}
