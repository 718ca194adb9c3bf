import type { DrillReport, Verdict, Violation } from '../../core/drill/verdict.ts';
import { countOf } from '../../core/counts.ts';
import { measures } from './measures.ts';
import { nounFor } from './overall.ts';

/** What broke in one round. Violations of one kind stand together: there can be thousands, and the first tells the story. */
export interface Broken {
  readonly fault: string;
  readonly round: number;
  /** Its place in the report, from 0. */
  readonly index: number;
  /** `lost write`, `12 stale reads`. */
  readonly what: string;
  /** Of the first, in milliseconds after the fault began. */
  readonly at: number | null;
  readonly isFirstOfMany: boolean;
  readonly sentence: string;
}

/** What a drill found broken, in the order of its rounds, then by time. */
export function brokenOf(report: DrillReport): readonly Broken[] {
  return report.rounds.flatMap(({ verdict }, index) => {
    const place = { fault: verdict.fault, round: verdict.round, index };
    if (verdict.violations.length === 0 && verdict.result === 'failed')
      return [{ ...place, what: 'failed', at: null, isFirstOfMany: false, sentence: unseen(verdict) }];
    const sorted = verdict.violations.toSorted((a, b) => a.at - b.at);
    return Array.from(Map.groupBy(sorted, ({ kind }) => kind).values())
      .flatMap(foundOf)
      .map((found) => ({ ...place, ...found }));
  });
}

function foundOf(
  found: readonly Violation[],
): readonly Pick<Broken, 'what' | 'at' | 'isFirstOfMany' | 'sentence'>[] {
  return found.slice(0, 1).map(({ kind, at, sentence }) => {
    const isFirstOfMany = found.length > 1;
    const noun = nounFor(kind, found.length);
    const what = isFirstOfMany ? `${countOf(found.length)} ${noun}` : noun;
    return { what, at, isFirstOfMany, sentence };
  });
}

/** Why a round failed in which no operation shows it: what should have been seen, and was not. */
function unseen(verdict: Verdict): string {
  const missing = measures.filter(({ name, expected }) => expected && verdict[name] === null);
  if (missing.length === 0) return 'The checker says no more.';
  return `Not seen: ${missing.map(({ title }) => title.toLowerCase()).join('; ')}.`;
}
