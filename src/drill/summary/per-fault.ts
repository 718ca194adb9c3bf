import type { DrillReport, RoundReport, Verdict } from '../../core/drill/verdict.ts';
import { type Measure, measures } from './measures.ts';
import { outcomeOf } from './outcome.ts';

/** What the rounds of one fault came to. */
export interface FaultSummary {
  readonly fault: string;
  readonly rounds: readonly RoundReport[];
  readonly passed: number;
  readonly failed: number;
  /** Rounds in which nothing was tried: they count for nothing below. */
  readonly withoutEffect: number;
  readonly spreads: readonly Spread[];
  readonly writes: Verdict['writes'];
  readonly violations: number;
}

/** One measure over the rounds that took effect. */
export interface Spread {
  readonly measure: Measure;
  /** Milliseconds; null when it was seen in no round. */
  readonly medianMs: number | null;
  readonly worstMs: number | null;
  readonly seen: number;
  /** Rounds that ought to have shown it and did not. */
  readonly missing: number;
}

/** The rounds of a report by fault, in the order in which the faults first came. */
export function perFault(report: DrillReport): readonly FaultSummary[] {
  const byFault = Map.groupBy(report.rounds, ({ verdict }) => verdict.fault);
  return Array.from(byFault, ([fault, rounds]) => summaryOf(fault, rounds));
}

/** Every measure over some rounds; those without effect are left out. */
export function spreadsOf(rounds: readonly RoundReport[]): readonly Spread[] {
  const tried = rounds.map(({ verdict }) => verdict).filter(({ tookEffect }) => tookEffect);
  return measures.map((measure) => {
    const values = tried.map((verdict) => verdict[measure.name]).filter((value) => value !== null);
    const sorted = values.toSorted((a, b) => a - b);
    return {
      measure,
      medianMs: middle(sorted),
      worstMs: sorted.at(-1) ?? null,
      seen: sorted.length,
      missing: measure.expected ? tried.length - sorted.length : 0,
    };
  });
}

function summaryOf(fault: string, rounds: readonly RoundReport[]): FaultSummary {
  const verdicts = rounds.map(({ verdict }) => verdict);
  const outcomes = verdicts.map(outcomeOf);
  const countOf = (outcome: Verdict['result']): number => outcomes.filter((each) => each === outcome).length;
  return {
    fault,
    rounds,
    passed: countOf('passed'),
    failed: countOf('failed'),
    withoutEffect: countOf('no effect'),
    spreads: spreadsOf(rounds),
    writes: sumOfWrites(verdicts),
    violations: sum(verdicts.map(({ violations }) => violations.length)),
  };
}

/** The writes of several rounds together. */
export function sumOfWrites(verdicts: readonly Verdict[]): Verdict['writes'] {
  return {
    ok: sum(verdicts.map(({ writes }) => writes.ok)),
    indeterminate: sum(verdicts.map(({ writes }) => writes.indeterminate)),
    failed: sum(verdicts.map(({ writes }) => writes.failed)),
  };
}

/** Of an even count the mean of the two in the middle. */
function middle(sorted: readonly number[]): number | null {
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? null : (lower + upper) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
