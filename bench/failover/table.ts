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
  /** Rounds after which the cluster did not become whole again: nobody looked for its writes. */
  readonly unhealed: number;
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
    lost: runs.reduce((sum, { lost }) => sum + (lost ?? 0), 0),
    unhealed: runs.filter(({ masterAfter }) => masterAfter === null).length,
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
  const row = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`;
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
  const { median: middle, worst, endless, lost, unhealed } = found;
  const figure = middle === null || worst === null ? [] : [`${seconds(middle)} (${seconds(worst)})`];
  const never = endless === 0 ? [] : [`**${endless} without an end**`];
  const unwell = unhealed === 0 ? [] : [`**${unhealed} not whole again**`];
  return [...figure, ...never, ...unwell, ...(lost === 0 ? [] : [`**${lost} lost**`])].join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** The table with what stands around it in docs/benchmarks.md: the command, the programs, and what the table cannot say. */
export function report(
  runs: readonly Run[],
  contenders: readonly Contender[],
  events: readonly RaceEvent[],
  raced: { readonly command: string; readonly machine: string },
): string {
  const direct = contenders.flatMap(({ name, label }) => {
    const asked = runs.filter((run) => run.contender === name && run.writableWithoutAgent !== null);
    const taken = asked.filter((run) => run.writableWithoutAgent === true).length;
    return asked.length === 0 ? [] : [`${label}: ${taken} of ${asked.length}`];
  });
  const acknowledged = runs.reduce((sum, run) => sum + run.acknowledged, 0);
  const lost = runs.reduce((sum, run) => sum + (run.lost ?? 0), 0);
  return [
    `\`${raced.command}\`, ${raced.machine}. Longest pause of the writers, median of the rounds and the worst in parentheses.`,
    table(runs, contenders, events),
    `Of ${acknowledged} acknowledged writes ${lost} were not there in the end.`,
    ...(direct.length === 0
      ? []
      : [
          `Direct writes that the old master's database took a second after its agent was killed: ${direct.join('; ')}.`,
        ]),
  ].join('\n\n');
}
