import { moment, seconds } from '../summary/figures.ts';
import { type Html, html, nothing } from './html.ts';
import { laneHeight } from './lanes.ts';
import type { RoundView } from './round-view.ts';
import { anchorAt, asPercent, isWithin, share, type Stretch } from './scale.ts';

const rowHeight = 15;

/** Three rows, one for each mark: so that they are readable however close together they are. */
export const faultHeight: number = 3 * rowHeight + 3;
export const recoveryHeight = 19;
export const violationsHeight = 20;

interface Mark {
  readonly at: number;
  readonly text: string;
}

/** The time of the fault as a band behind everything. */
export function faultBand({ endedAt, inEffectAt }: RoundView, stretch: Stretch, height: number): Html {
  const from = share(0, stretch);
  const width = share(endedAt, stretch) - from;
  if (width <= 0) return nothing;
  const kind = inEffectAt === null ? 'band void' : 'band';
  return html`<rect class="${kind}" x="${asPercent(from)}" width="${asPercent(width)}" height="${height}"/>`;
}

/** When the fault began, was in effect and ended: each a line through all lanes, and its time. */
export function faultMarks({ inEffectAt, endedAt }: RoundView, stretch: Stretch, height: number): Html {
  const began: Mark = { at: 0, text: inEffectAt === null ? 'fault tried, never in effect' : 'fault begins' };
  const marks: readonly (Mark | null)[] = [
    began,
    inEffectAt === null ? null : { at: inEffectAt, text: `in effect ${moment(inEffectAt)}` },
    { at: endedAt, text: `ends ${moment(endedAt)}` },
  ];
  return html`${marks.map((mark, row) => (mark === null ? nothing : faultMark(mark, row, stretch, height)))}`;
}

function faultMark({ at, text }: Mark, row: number, stretch: Stretch, height: number): Html {
  const part = share(at, stretch);
  const anchor = anchorAt(part);
  const y = row * rowHeight;
  if (!isWithin(at, stretch))
    return html`<text class="fault" x="100%" dx="-4" y="${y + 11}" text-anchor="end">${text} ▸</text>`;
  const x = asPercent(part);
  return html`<line class="fault" x1="${x}" x2="${x}" y1="${y}" y2="${height}"/><text class="fault" x="${x}" dx="${anchor === 'start' ? 5 : -5}" y="${y + 11}" text-anchor="${anchor}">${text}</text>`;
}

/** A step of the way back: its line is as long as it took. */
export interface Step {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** What the verdict says of the way back, as far as it was seen. */
export function recoverySteps({ verdict, endedAt }: RoundView): readonly Step[] {
  const steps: readonly (readonly [string, number, number | null])[] = [
    ['detected', 0, verdict.detectionMs],
    ['promoted', 0, verdict.promotionMs],
    ['write, direct', 0, verdict.firstWriteDirectMs],
    ['write, balancer', 0, verdict.firstWriteBalancerMs],
    ['redundant', endedAt, verdict.redundancyMs],
  ];
  return steps.flatMap(([text, from, tookMs]) =>
    tookMs === null ? [] : [{ text: `${text} ${seconds(tookMs)}`, from, to: from + tookMs }],
  );
}

export function recoveryStep({ text, from, to }: Step, stretch: Stretch, y: number): Html {
  const [first, last] = [share(from, stretch), share(to, stretch)];
  const anchor = anchorAt(first);
  const x = asPercent(anchor === 'start' ? first : last);
  const line = y + recoveryHeight - 3;
  return html`<line class="way" x1="${asPercent(first)}" x2="${asPercent(last)}" y1="${line}" y2="${line}"/><line class="there" x1="${asPercent(last)}" x2="${asPercent(last)}" y1="${line - 4}" y2="${line + 3}"/><text class="step" x="${x}" dx="${anchor === 'start' ? 5 : -5}" y="${y + 11}" text-anchor="${anchor}">${text}</text>`;
}

/**
 * Where promises were broken: a numbered flag and a line for those that are listed below the picture, a tick for others.
 * Numbers that would cover one another share a flag.
 */
export function violationMarks(view: RoundView, stretch: Stretch, y: number, height: number): Html {
  const flags: { readonly part: number; readonly first: number; last: number }[] = [];
  view.violations.forEach(({ at }, index) => {
    if (!isWithin(at, stretch)) return;
    const part = share(at, stretch);
    const before = flags.at(-1);
    if (before !== undefined && part - before.part < 7) before.last = index + 1;
    else flags.push({ part, first: index + 1, last: index + 1 });
  });
  const listed = view.violations.map(({ at }) => at);
  return html`${strokes(view.moreViolations, stretch, y + 4, y + violationsHeight)}${strokes(listed, stretch, y + 4, height)}${flags.map(
    ({ part, first, last }) => flag(first === last ? `✗ ${first}` : `✗ ${first}–${last}`, part, y),
  )}`;
}

/** Lines at some times; those that would fall on one another once, for there can be thousands. */
function strokes(times: readonly number[], stretch: Stretch, top: number, bottom: number): Html {
  const within = times.filter((at) => isWithin(at, stretch));
  const places = new Set(within.map((at) => asPercent(Math.round(share(at, stretch) * 5) / 5)));
  return html`${Array.from(places, (x) => html`<line class="violation" x1="${x}" x2="${x}" y1="${top}" y2="${bottom}"/>`)}`;
}

function flag(text: string, part: number, y: number): Html {
  const width = 8 + text.length * 7;
  const left = part < 90 ? 0 : -width;
  return html`<svg x="${asPercent(part)}" y="${y}" class="flag"><rect x="${left}" width="${width}" height="16" rx="2"/><text x="${left + 4}" y="12">${text}</text></svg>`;
}

/** Around the lanes of nodes that called themselves master at the same time. */
export function claimMarks({ claims, lanes }: RoundView, stretch: Stretch, y: number): Html {
  return html`${claims.flatMap(({ from, to, nodes }) =>
    to < stretch.from || from > stretch.to
      ? []
      : lanes.flatMap(({ name }, row) =>
          nodes.includes(name) ? [claim({ from, to }, stretch, y + row * laneHeight)] : [],
        ),
  )}`;
}

function claim({ from, to }: Stretch, stretch: Stretch, y: number): Html {
  const first = share(from, stretch);
  const width = Math.max(0.3, share(to, stretch) - first);
  return html`<rect class="claim" x="${asPercent(first)}" width="${asPercent(width)}" y="${y + 1}" height="${laneHeight - 2}"/>`;
}
