import type { DrillReport } from '../../core/drill/verdict.ts';
import { brokenOf } from './broken.ts';
import { countOf, plural } from '../../core/counts.ts';
import { bareSeconds, moment, plainLine } from './figures.ts';
import { measures } from './measures.ts';
import { overallOf } from './overall.ts';
import { type FaultSummary, perFault } from './per-fault.ts';

/** How words are set off; the terminal's colours, or nothing. */
export interface Paint {
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly fault: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
}

type Colour = (text: string) => string;

interface Cell {
  readonly text: string;
  readonly colour: Colour;
}

const bare: Colour = (text) => text;
const unpainted: Paint = { good: bare, warning: bare, fault: bare, strong: bare, faint: bare };

const width = 120;
/** The longest list of what was broken; the report has all of it. */
const mostBroken = 20;

/**
 * A report as a table for a terminal: per fault a line of medians and, of several rounds, one with the worst; below it
 * what was broken, and the verdict. Lines of at most 120 columns.
 */
export function summaryTable(report: DrillReport, paint: Paint = unpainted): string[] {
  const sections = [
    tableLines(report, paint),
    noteLines(report, paint),
    brokenLines(report, paint),
    verdictLines(report, paint),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines, at) => (at === 0 ? lines : ['', ...lines]));
}

function tableLines(report: DrillReport, paint: Paint): readonly string[] {
  const faults = perFault(report);
  if (faults.length === 0) return [];
  const heads = ['FAULT', 'RESULT', ...measures.map(({ column }) => column), 'ACK', 'INDET', 'FAILED'];
  const headRow = heads.map((text) => ({ text, colour: paint.faint }));
  return aligned([headRow, ...faults.flatMap((summary) => faultRows(summary, paint))]);
}

/** What the figures are, and which faults have none. */
function noteLines({ rounds, skipped }: DrillReport, paint: Paint): readonly string[] {
  const units = 'Seconds after the fault began, WHOLE after its end: median, below it the worst.';
  return [
    ...(rounds.length === 0 ? [] : [paint.faint(units)]),
    ...skipped.map(({ fault, because }) =>
      paint.warning(clip(`${plainLine(fault)}: skipped, ${plainLine(because)}`, width)),
    ),
  ];
}

function faultRows(summary: FaultSummary, paint: Paint): readonly (readonly Cell[])[] {
  const { fault, rounds, spreads, writes } = summary;
  const plainCell = (text: string): Cell => ({ text, colour: bare });
  const first: readonly Cell[] = [
    { text: plainLine(fault), colour: paint.strong },
    resultCell(summary, paint),
    ...spreads.map(({ medianMs }) => plainCell(bareSeconds(medianMs))),
    ...[writes.ok, writes.indeterminate, writes.failed].map((count) => plainCell(countOf(count))),
  ];
  if (rounds.length - summary.withoutEffect < 2 && spreads.every(({ missing }) => missing === 0))
    return [first];
  const worst = spreads.map(({ worstMs, missing }) =>
    missing > 0
      ? { text: 'never', colour: paint.fault }
      : { text: bareSeconds(worstMs), colour: paint.faint },
  );
  return [first, [plainCell(''), { text: 'worst', colour: paint.faint }, ...worst]];
}

/** A round without effect is never called passed. */
function resultCell({ rounds, passed, failed, withoutEffect }: FaultSummary, paint: Paint): Cell {
  if (failed > 0) return { text: `${failed} of ${rounds.length} failed`, colour: paint.fault };
  if (withoutEffect === rounds.length) return { text: 'no effect', colour: paint.warning };
  if (withoutEffect > 0) return { text: `${passed} of ${rounds.length} passed`, colour: paint.warning };
  return { text: `${passed} passed`, colour: paint.good };
}

/** Names on the left, figures on the right of their columns; the first column takes what the others leave. */
function aligned(rows: readonly (readonly Cell[])[]): readonly string[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const natural = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => lengthOf(row[at]?.text ?? ''))),
  );
  const others = natural.slice(1).reduce((total, each) => total + each + 2, 0);
  const wide = natural.with(0, Math.min(natural[0] ?? 0, Math.max(8, width - others)));
  return rows.map((row) =>
    row
      .map(({ text, colour }, at) => {
        const room = wide[at] ?? 0;
        const shown = clip(text, room);
        const padding = ' '.repeat(Math.max(0, room - lengthOf(shown)));
        return at < 2 ? colour(shown) + padding : padding + colour(shown);
      })
      .join('  ')
      .trimEnd(),
  );
}

function brokenLines(report: DrillReport, paint: Paint): readonly string[] {
  const broken = brokenOf(report);
  if (broken.length === 0) return [];
  const lines = broken.slice(0, mostBroken).map(({ fault, round, what, at, isFirstOfMany, sentence }) => {
    const when = at === null ? '' : `, ${isFirstOfMany ? 'first ' : ''}${moment(at)}`;
    return paint.fault(
      clip(`✗ ${plainLine(fault)}, round ${round}: ${what}${when}: ${plainLine(sentence)}`, width),
    );
  });
  const rest = broken.length - lines.length;
  return [...lines, ...(rest > 0 ? [paint.fault(`✗ and ${plural(rest, 'more line')} in the report`)] : [])];
}

function verdictLines(report: DrillReport, paint: Paint): readonly string[] {
  const { state, sentence, reservation } = overallOf(report);
  const colour = { held: paint.good, broken: paint.fault, unproven: paint.warning }[state];
  return [
    ...wrapped(sentence).map((line) => colour(line)),
    ...(reservation === null ? [] : wrapped(reservation).map((line) => paint.warning(line))),
  ];
}

function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const joined = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && lengthOf(joined) <= width) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines;
}

function clip(text: string, room: number): string {
  const letters = Array.from(text);
  return letters.length <= room ? text : `${letters.slice(0, Math.max(0, room - 1)).join('')}…`;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
