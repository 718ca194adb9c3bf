import type { DrillReport, Violation } from '../../core/drill/verdict.ts';
import { countOf, plural } from '../../core/counts.ts';
import { outcomeOf } from './outcome.ts';

/** A report in one word and one sentence. */
export interface Overall {
  /** `unproven`: nothing broke, but nothing was tried either. */
  readonly state: 'held' | 'broken' | 'unproven';
  readonly sentence: string;
  /** What must not be mistaken for a pass; null when there is nothing. */
  readonly reservation: string | null;
  /** How often each kind of violation came up: the three that everybody asks for always, others when they did. */
  readonly counts: readonly { readonly kind: Violation['kind']; readonly count: number }[];
}

/** What people ask first: they are told even when there was none. */
const alwaysTold: readonly Violation['kind'][] = ['lost write', 'two writers', 'stale read on a master'];

/** The verdict on a whole drill. */
export function overallOf(report: DrillReport): Overall {
  const counts = violationCounts(report);
  const verdicts = report.rounds.map(({ verdict }) => verdict);
  const tried = verdicts.filter(({ tookEffect }) => tookEffect);
  const broken = verdicts.filter((verdict) => outcomeOf(verdict) === 'failed');
  const reservation = reservationOf(verdicts.length - tried.length, report.skipped.length);
  if (broken.length > 0)
    return {
      state: 'broken',
      sentence: brokenSentence(broken.length, verdicts.length, counts),
      reservation,
      counts,
    };
  if (tried.length === 0) {
    const sentence =
      verdicts.length === 0
        ? 'Nothing was shown: no round was run.'
        : `Nothing was shown: ${plural(verdicts.length, 'round')}, and no fault took effect.`;
    return { state: 'unproven', sentence, reservation, counts };
  }
  const faults = new Set(tried.map(({ fault }) => fault)).size;
  const none = alwaysTold.map((kind) => `0 ${nounFor(kind, 0)}`).join(', ');
  const sentence = `Every promise held: ${plural(faults, 'fault')}, ${plural(tried.length, 'round')}, ${none}.`;
  return { state: 'held', sentence, reservation, counts };
}

function violationCounts(report: DrillReport): Overall['counts'] {
  const all = report.rounds.flatMap(({ verdict }) => verdict.violations);
  const seen = Map.groupBy(all, ({ kind }) => kind);
  const kinds = new Set([...alwaysTold, ...seen.keys()]);
  return Array.from(kinds, (kind) => ({ kind, count: seen.get(kind)?.length ?? 0 }));
}

function brokenSentence(broken: number, rounds: number, counts: Overall['counts']): string {
  const found = counts
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${countOf(count)} ${nounFor(kind, count)}`);
  const where = `${countOf(broken)} of ${plural(rounds, 'round')} failed`;
  return found.length === 0 ? `${where}.` : `Promises were broken: ${found.join(', ')}; ${where}.`;
}

function reservationOf(withoutEffect: number, skipped: number): string | null {
  const said = [
    ...(withoutEffect === 0 ? [] : [`${plural(withoutEffect, 'round')} had no effect`]),
    ...(skipped === 0 ? [] : [`${plural(skipped, 'fault')} could not be made here`]),
  ];
  return said.length === 0 ? null : `${said.join(', and ')}: not counted as passed.`;
}

/** After the figure 1, and after others; a kind that is not here is told by its name. */
const nouns: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['lost write', ['lost write', 'lost writes']],
  ['unexpected value', ['unexpected value', 'unexpected values']],
  ['duplicate value', ['duplicate value', 'duplicate values']],
  ['versions out of order', ['version out of order', 'versions out of order']],
  ['two writers', ['moment with two writers', 'moments with two writers']],
  ['stale read on a master', ['stale read on a master', 'stale reads on a master']],
  ['read that goes back', ['read that goes back', 'reads that go back']],
  ['needless failover', ['needless failover', 'needless failovers']],
  ['did not heal', ['failure to heal', 'failures to heal']],
]);

/** What a count of violations of one kind is called. */
export function nounFor(kind: Violation['kind'], count: number): string {
  const [one, many] = nouns.get(kind) ?? [kind, kind];
  return count === 1 ? one : many;
}
