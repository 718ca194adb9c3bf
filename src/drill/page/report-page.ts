import { hash } from 'node:crypto';
import type { DrillReport, RoundReport } from '../../core/drill/verdict.ts';
import { overallOf } from '../summary/overall.ts';
import { type FaultSummary, perFault } from '../summary/per-fault.ts';
import { headPart } from './head.ts';
import { Html, html, nothing } from './html.ts';
import { legendPart, patterns } from './legend.ts';
import { badgeWith, markOf, signs } from './result.ts';
import { roundPart } from './round.ts';
import { style } from './style.ts';
import { resultOf, summaryPart } from './summary-part.ts';

/** So many rounds are found without a table of contents. */
const fewRounds = 4;

/**
 * A drill's report for people: one HTML document that needs nothing but itself, neither scripts nor fonts nor pictures.
 * Its Content-Security-Policy allows its own style sheet and nothing else, so a name out of a cluster can do no harm
 * even if it were not escaped.
 */
export function reportPage(report: DrillReport): string {
  const faults = perFault(report);
  const { state, sentence } = overallOf(report);
  const allowed = `'sha256-${hash('sha256', style, 'base64')}'`;
  const page = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${new Html(allowed)}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${{ held: '✓', broken: '✗', unproven: '!' }[state]} Holdfast drill: ${sentence}</title>
<style>${new Html(style)}</style>
</head>
<body>
${patterns()}
${headPart(report)}<main>
${faults.length + report.skipped.length === 0 ? nothing : summaryPart(report)}${contentsPart(report, faults)}${
  faults.length === 0 ? nothing : html`<section id="rounds"><h2>Round by round</h2>${legendPart()}</section>`
}${faults.map((summary, index) => faultPart(report, summary, index))}</main>
</body>
</html>
`;
  return page.markup;
}

function contentsPart(report: DrillReport, faults: readonly FaultSummary[]): Html {
  if (report.rounds.length <= fewRounds) return nothing;
  const entries = faults.map(({ fault, rounds }, index) => {
    const links = rounds.map((round) => {
      const mark = markOf(round.verdict);
      const title = `round ${round.verdict.round}: ${mark.replace('-', ' ')}`;
      return html` <a class="${mark}" href="#${placeOf(report, round)}" title="${title}">${signs[mark]} ${round.verdict.round}</a>`;
    });
    return html`<li><a href="#fault-${index + 1}">${fault}</a><span class="rounds">${links}</span></li>`;
  });
  return html`<nav class="contents" aria-label="Rounds"><h2>Rounds</h2><ul>${entries}</ul></nav>
`;
}

function placeOf({ rounds }: DrillReport, round: RoundReport): string {
  return `round-${rounds.indexOf(round) + 1}`;
}

function faultPart(report: DrillReport, summary: FaultSummary, index: number): Html {
  const { fault, rounds } = summary;
  const { mark, text } = resultOf(summary);
  const parts = rounds.map((round) => roundPart(round, placeOf(report, round), rounds.length));
  return html`<section class="of-fault" id="fault-${index + 1}"><h3>${fault} ${badgeWith(mark, text)} <a class="up" href="#summary">↑ summary</a></h3>
${parts}</section>
`;
}
