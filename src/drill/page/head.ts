import type { DrillReport } from '../../core/drill/verdict.ts';
import { brokenOf } from '../summary/broken.ts';
import { countOf, plural } from '../../core/counts.ts';
import { moment, seconds } from '../summary/figures.ts';
import { nounFor, overallOf } from '../summary/overall.ts';
import { spreadsOf, sumOfWrites } from '../summary/per-fault.ts';
import { type Html, html, nothing } from './html.ts';

/** More rounds than this are told by their own parts only. */
const mostBroken = 30;

const signs = { held: '✓', broken: '✗', unproven: '!' } as const;

/** The verdict before anything else; then what was broken, the figures that people ask for, and what was drilled. */
export function headPart(report: DrillReport): Html {
  const overall = overallOf(report);
  return html`<header class="${overall.state}">
<p class="kicker">Holdfast drill</p>
<h1><i aria-hidden="true">${signs[overall.state]}</i><span>${overall.sentence}</span></h1>
${overall.reservation === null ? nothing : html`<p class="warning">${overall.reservation}</p>`}
${brokenPart(report)}<div class="tiles">${overall.counts.map(({ kind, count }) =>
    tile(
      nounFor(kind, count),
      countOf(count),
      '',
      count > 0 ? 'bad' : overall.state === 'unproven' ? '' : 'good',
    ),
  )}</div>
<div class="tiles">${timeTiles(report)}</div>
${factsPart(report)}</header>
`;
}

function brokenPart(report: DrillReport): Html {
  const broken = brokenOf(report);
  if (broken.length === 0) return nothing;
  const rows = broken
    .slice(0, mostBroken)
    .map(({ fault, round, index, what, at, isFirstOfMany, sentence }) => {
      const when = at === null ? '' : `${isFirstOfMany ? 'first ' : ''}${moment(at)}`;
      return html`<li><a href="#round-${index + 1}">${fault}, round ${round}</a> <b>${what}</b> <span class="when">${when}</span><p>${sentence}</p></li>`;
    });
  const rest = broken.length - rows.length;
  return html`<section class="violations"><h2>What was broken</h2><ul>${rows}</ul>${
    rest === 0 ? nothing : html`<p>And more in ${plural(rest, 'other place')} below.</p>`
  }</section>
`;
}

/** Over all rounds that took effect. */
function timeTiles({ rounds }: DrillReport): Html {
  const spreads = spreadsOf(rounds);
  const writes = sumOfWrites(rounds.map(({ verdict }) => verdict));
  const times = (['firstWriteBalancerMs', 'longestPauseMs', 'redundancyMs'] as const).flatMap((name) =>
    spreads.filter(({ measure, seen }) => measure.name === name && seen > 0),
  );
  return html`${tile('writes acknowledged', countOf(writes.ok), `${countOf(writes.indeterminate)} left open, ${countOf(writes.failed)} failed`, '')}${times.map(
    ({ measure, medianMs, worstMs }) =>
      tile(measure.title.toLowerCase(), seconds(medianMs), `median; worst ${seconds(worstMs)}`, ''),
  )}`;
}

function tile(label: string, value: string, note: string, kind: 'good' | 'bad' | ''): Html {
  return html`<div class="tile ${kind}"><b>${value}</b><span>${label}</span>${note === '' ? nothing : html`<small>${note}</small>`}</div>`;
}

function factsPart(report: DrillReport): Html {
  const { cluster } = report;
  const kinds = Map.groupBy(cluster.nodes, ({ kind }) => kind);
  const nodes = Array.from(
    kinds,
    ([kind, members]) => `${kind} ${members.map(({ name }) => name).join(', ')}`,
  );
  const facts: readonly (readonly [string, string])[] = [
    ['Begun', instant(report.startedAt)],
    ['Ended', instant(report.endedAt)],
    ['Product', report.product],
    ['Seed', String(report.seed)],
    ['ttl', seconds(cluster.ttlMs)],
    ['Nodes', nodes.join('; ')],
    ['Stored before', `${report.fillMb ?? 0} MB`],
    ['Machine', cluster.machine],
  ];
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** `2026-11-21 13:17:45 UTC`; what is no such instant stays as it is. */
function instant(iso: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/u.exec(iso);
  return parts === null ? iso : `${parts[1]} ${parts[2]} UTC`;
}
