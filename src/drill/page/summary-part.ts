import type { DrillReport } from '../../core/drill/verdict.ts';
import { countOf, plural } from '../../core/counts.ts';
import { seconds } from '../summary/figures.ts';
import { measures } from '../summary/measures.ts';
import { type FaultSummary, perFault, type Spread } from '../summary/per-fault.ts';
import { type Html, html, nothing } from './html.ts';
import { badgeWith, type Mark } from './result.ts';

/** A row for each fault, and for each that could not be made; on a narrow screen each row is a card. */
export function summaryPart(report: DrillReport): Html {
  const faults = perFault(report);
  return html`<section id="summary"><h2>Per fault</h2>
<p class="soft">Times are medians over the rounds that took effect, below them the worst; from the beginning of the fault on, redundancy from its end.</p>
<table role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">Fault</th><th scope="col" role="columnheader">Result</th>${measures.map(
    ({ title, meaning }) =>
      html`<th scope="col" role="columnheader" class="number" title="${meaning}">${title}</th>`,
  )}<th scope="col" role="columnheader" class="number">Writes<small>ok / open / failed</small></th><th scope="col" role="columnheader" class="number">Violations</th></tr></thead>
<tbody role="rowgroup">${faults.map(faultRow)}${report.skipped.map(skippedRow)}</tbody></table></section>
`;
}

function faultRow(summary: FaultSummary, index: number): Html {
  const { fault, spreads, violations, withoutEffect } = summary;
  const { mark, text } = resultOf(summary);
  const unproven =
    withoutEffect === 0 ? nothing : html`<small>${plural(withoutEffect, 'round')} without effect</small>`;
  return html`<tr role="row"><th scope="row" role="rowheader"><a href="#fault-${index + 1}">${fault}</a></th>
<td role="cell" data-label="Result">${badgeWith(mark, text)}${unproven}</td>
${spreads.map(spreadCell)}
${writesCell(summary)}<td role="cell" class="number${violations > 0 ? ' bad' : ''}" data-label="Violations">${countOf(violations)}</td></tr>
`;
}

function writesCell({ writes }: FaultSummary): Html {
  const counts = [countOf(writes.ok), countOf(writes.indeterminate), countOf(writes.failed)].join(' / ');
  return html`<td role="cell" class="number" data-label="Writes ok / open / failed">${counts}</td>`;
}

/** What is said of a fault: only when every round took effect and held, it simply passed. */
export function resultOf(summary: FaultSummary): { readonly mark: Mark; readonly text: string } {
  const { rounds, passed, failed, withoutEffect } = summary;
  if (failed > 0) return { mark: 'failed', text: `${failed} of ${rounds.length} failed` };
  if (withoutEffect === rounds.length) return { mark: 'no-effect', text: 'no effect' };
  if (withoutEffect > 0) return { mark: 'no-effect', text: `${passed} of ${rounds.length} passed` };
  return { mark: 'passed', text: `${passed} passed` };
}

function spreadCell({ measure, medianMs, worstMs, seen, missing }: Spread): Html {
  const worst = seen > 1 ? html`<small>worst ${seconds(worstMs)}</small>` : nothing;
  const unseen =
    missing === 0 ? nothing : html`<small class="bad">not in ${plural(missing, 'round')}</small>`;
  return html`<td role="cell" class="number" data-label="${measure.title}">${seconds(medianMs)}${worst}${unseen}</td>`;
}

function skippedRow({ fault, because }: DrillReport['skipped'][number]): Html {
  return html`<tr role="row" class="skipped"><th scope="row" role="rowheader">${fault}</th><td role="cell" data-label="Result">${badgeWith('skipped', 'skipped')}</td><td role="cell" colspan="${measures.length + 2}" data-label="Why">${because}</td></tr>
`;
}
