import { countOf } from '../../core/counts.ts';
import { type Html, html, nothing } from './html.ts';
import type { RoundView } from './round-view.ts';
import type { Stretch } from './scale.ts';

export const writesHeight = 64;
const barsHeight = 56;
/** Of a whole round: more bars than this fall on the same pixels, and make the page large. */
const mostBars = 600;

interface Bars {
  readonly from: number;
  readonly stepMs: number;
  readonly acknowledged: readonly number[];
  readonly refused: readonly number[];
}

/** Acknowledged writes upwards, others downwards from one line, on one scale. */
export function writeBars(writes: RoundView['writes'], stretch: Stretch, y: number): Html {
  const bars = coarser(writes, stretch);
  const up = highest(bars.acknowledged);
  const down = highest(bars.refused);
  if (up + down === 0) return nothing;
  const unit = barsHeight / (up + down);
  // A single refused write among hundreds must not vanish.
  const line = Math.round(Math.min(up * unit, barsHeight - (down > 0 ? 4 : 0)));
  const tall = (count: number, room: number, most: number): number =>
    count === 0 ? 0 : Math.max(2, Math.round((count / most) * room));
  const view = `${figure((stretch.from - bars.from) / bars.stepMs)} 0 ${figure((stretch.to - stretch.from) / bars.stepMs)} ${barsHeight}`;
  const risen = outline(
    bars.acknowledged.map((count) => line - tall(count, line, up)),
    line,
  );
  const fallen = outline(
    bars.refused.map((count) => line + tall(count, barsHeight - line, down)),
    line,
  );
  return html`<svg y="${y + 4}" width="100%" height="${barsHeight}" viewBox="${view}" preserveAspectRatio="none"><path class="acknowledged" d="${risen}"/><path class="refused" d="${fallen}"/></svg><line class="rule" x2="100%" y1="${y + 4 + line}" y2="${y + 4 + line}"/>`;
}

/** The height of the tallest bars, for the lane's name. */
export function mostWrites(writes: RoundView['writes'], stretch: Stretch): string {
  const { acknowledged, stepMs } = coarser(writes, stretch);
  return `≤ ${countOf((highest(acknowledged) * 1000) / stepMs)}/s`;
}

/** Steps that lie in the stretch, several of them added up where there are too many. */
function coarser({ from, stepMs, acknowledged, refused }: RoundView['writes'], stretch: Stretch): Bars {
  const first = Math.max(0, Math.floor((stretch.from - from) / stepMs));
  const end = Math.min(
    Math.max(acknowledged.length, refused.length),
    Math.ceil((stretch.to - from) / stepMs),
  );
  const together = Math.max(1, Math.ceil((end - first) / mostBars));
  const count = Math.max(0, Math.ceil((end - first) / together));
  const merged = (values: readonly number[]): readonly number[] =>
    Array.from({ length: count }, (_, bar) => {
      const at = first + bar * together;
      return values
        .slice(at, Math.min(end, at + together))
        .reduce((sum, value) => sum + Math.max(0, value), 0);
    });
  return {
    from: from + first * stepMs,
    stepMs: stepMs * together,
    acknowledged: merged(acknowledged),
    refused: merged(refused),
  };
}

/** The outline of bars that stand on a line; a bar of no height is a gap. */
function outline(heights: readonly number[], line: number): string {
  let path = '';
  let before = line;
  heights.forEach((height, at) => {
    if (height === before) return;
    path += before === line ? `M${at} ${line}V${height}` : `H${at}V${height}`;
    before = height;
  });
  return before === line ? path : `${path}H${heights.length}V${line}`;
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

function figure(value: number): number {
  return Number(value.toFixed(3));
}
