import { median } from '../figure.ts';
import type { Contender, RaceEvent } from './contenders.ts';
import type { Run } from './results.ts';

/** All rounds of one event with one contender. Milliseconds. */
export interface Cell {
  readonly contender: string;
  readonly event: string;
  readonly median: number | null;
  readonly worst: number | null;
  readonly rounds: readonly (number | null)[];
  /** Rounds in which no write came any more. */
  readonly endless: number;
  readonly lost: number;
}

/** Every combination that was run, in the order of the events. */
export function cells(
  runs: readonly Run[],
  contenders: readonly Contender[],
  events: readonly RaceEvent[],
): readonly Cell[] {
  return events.flatMap((event) =>
    contenders.flatMap((contender) => {
      const own = runs.filter((run) => run.event === event.name && run.contender === contender.name);
      return own.length === 0 ? [] : [cell(contender.name, event.name, own)];
    }),
  );
}

function cell(contender: string, event: string, runs: readonly Run[]): Cell {
  const rounds = runs.map(({ pauseMs }) => pauseMs);
  const pauses = rounds.filter((pause) => pause !== null);
  return {
    contender,
    event,
    median: pauses.length === 0 ? null : median(pauses),
    worst: pauses.length === 0 ? null : Math.max(...pauses),
    rounds,
    endless: rounds.length - pauses.length,
    lost: runs.reduce((sum, { lost }) => sum + lost, 0),
  };
}

/** The table in Markdown: medians, and the worst in parentheses, in seconds. */
export function table(
  runs: readonly Run[],
  contenders: readonly Contender[],
  events: readonly RaceEvent[],
): string {
  const all = cells(runs, contenders, events);
  const shown = contenders.filter(({ name }) => all.some(({ contender }) => contender === name));
  const row = (words: readonly string[]): string => `| ${words.join(' | ')} |`;
  const lines = events
    .filter(({ name }) => all.some(({ event }) => event === name))
    .map((event) =>
      row([
        event.label,
        ...shown.map(({ name }) =>
          words(all.find((each) => each.contender === name && each.event === event.name)),
        ),
      ]),
    );
  return [
    row(['event', ...shown.map(({ label }) => label)]),
    `|${'---|'.repeat(shown.length + 1)}`,
    ...lines,
  ].join('\n');
}

function words(found: Cell | undefined): string {
  if (found === undefined) return '–';
  const { median: middle, worst, endless, lost } = found;
  const figure = middle === null || worst === null ? [] : [`${seconds(middle)} (${seconds(worst)})`];
  const never = endless === 0 ? [] : [`**${endless} without an end**`];
  return [...figure, ...never, ...(lost === 0 ? [] : [`**${lost} lost**`])].join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
