import type { RoundReport, Verdict } from '../../core/drill/verdict.ts';
import { countOf, plural } from '../../core/counts.ts';
import { moment, seconds } from '../summary/figures.ts';
import { measures } from '../summary/measures.ts';
import { type Html, html, nothing } from './html.ts';
import { badge, markOf } from './result.ts';
import { roundView, type RoundView } from './round-view.ts';
import { timelines } from './timeline.ts';

/** One round: what was done to whom, the figures, the pictures, and what was broken. */
export function roundPart(report: RoundReport, id: string, rounds: number): Html {
  const { verdict } = report;
  const view = roundView(report);
  const struck =
    verdict.targets.length === 0
      ? nothing
      : html`<p class="targets">${verdict.tookEffect ? 'struck' : 'aimed at'} ${verdict.targets.join(', ')}</p>`;
  return html`<article id="${id}" class="${markOf(verdict)}">
<h4>Round ${verdict.round}${rounds > 1 ? html` <small>of ${rounds}</small>` : nothing} ${badge(verdict)}</h4>${struck}
${verdict.tookEffect ? nothing : html`<p class="warning">The fault did not take effect: nothing was tried, so this is not a pass.</p>`}
<dl class="figures">${measures.map(({ name, title, expected, meaning }) =>
    figure(title, seconds(verdict[name]), meaning, expected && verdict.tookEffect && verdict[name] === null),
  )}${counts('Writes', verdict.writes)}${counts('Reads', verdict.reads)}</dl>
${timelines(view)}${violationsPart(view)}${claimsPart(view)}</article>
`;
}

function figure(title: string, value: string, meaning: string, missing: boolean): Html {
  const shown = missing ? html`<dd class="bad">not seen</dd>` : html`<dd>${value}</dd>`;
  return html`<div title="${meaning}"><dt>${title}</dt>${shown}</div>`;
}

function counts(title: string, { ok, indeterminate, failed }: Verdict['writes']): Html {
  return html`<div class="counts" title="done / open / certainly not done"><dt>${title} <small>ok / open / failed</small></dt><dd>${countOf(ok)} / ${countOf(indeterminate)} / ${countOf(failed)}</dd></div>`;
}

function violationsPart({ violations, verdict }: RoundView): Html {
  if (violations.length === 0) return nothing;
  const rest = verdict.violations.length - violations.length;
  const rows = violations.map(
    ({ at, kind, key, sentence }) =>
      html`<li><span class="when">${moment(at)}</span> <b>${kind}</b> ${
        key === null ? nothing : html`<code>${key}</code>`
      }<p>${sentence}</p></li>`,
  );
  const more = rest === 0 ? nothing : html`<p>And ${plural(rest, 'more violation')} in the JSON report.</p>`;
  return html`<div class="violations"><h5>${plural(verdict.violations.length, 'violation')}</h5><ol>${rows}</ol>${more}</div>
`;
}

function claimsPart({ claims, verdict }: RoundView): Html {
  if (claims.length === 0) return nothing;
  const rows = claims.map(
    ({ from, to, nodes }) =>
      html`<li><span class="when">${moment(from)}</span> for ${seconds(to - from)}: ${nodes.join(' and ')}</li>`,
  );
  const rest = verdict.twoClaims.length - claims.length;
  const alone = verdict.violations.some(({ kind }) => kind === 'two writers')
    ? ''
    : ', and only one acknowledged writes';
  const more = rest === 0 ? nothing : html`<li>and ${countOf(rest)} more in the JSON report</li>`;
  return html`<div class="claims"><h5>Two nodes called themselves master${alone}</h5><ul>${rows}${more}</ul></div>
`;
}
