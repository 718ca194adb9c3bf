import { type Html, html } from './html.ts';
import { asPercent, percent, share, type Stretch } from './scale.ts';

const stepsMs = [
  10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 30_000, 60_000, 120_000, 300_000,
];
const mostTicks = 9;

export const axisHeight = 18;

/** The seconds below a picture, and a thin line up from each. */
export function axis(stretch: Stretch, y: number): Html {
  return html`${ticksOf(stretch).map(({ at, text }) => {
    const part = share(at, stretch);
    const anchor = part < 3 ? 'start' : part > 97 ? 'end' : 'middle';
    const x = asPercent(part);
    return html`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${y + 3}"/><text class="tick" x="${x}" y="${y + 14}" text-anchor="${anchor}">${text}</text>`;
  })}<line class="rule" x2="100%" y1="${y}" y2="${y}"/>`;
}

/** Below the axis of a whole round: what the picture beneath it magnifies. */
export function lens(part: Stretch, stretch: Stretch, y: number): Html {
  const width = share(part.to, stretch) - share(part.from, stretch);
  return html`<rect class="lens" x="${percent(part.from, stretch)}" width="${asPercent(width)}" y="${y - 2}" height="4"/>`;
}

/** Round figures between the edges; as many decimals as their step needs. */
export function ticksOf({ from, to }: Stretch): readonly { readonly at: number; readonly text: string }[] {
  const step =
    stepsMs.find((each) => (to - from) / each <= mostTicks) ??
    Math.ceil((to - from) / mostTicks / 60_000) * 60_000;
  const decimals = step >= 1000 ? 0 : step >= 100 ? 1 : 2;
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => {
    const at = (first + index) * step;
    return { at, text: `${at < 0 ? '−' : ''}${(Math.abs(at) / 1000).toFixed(decimals)} s` };
  });
}
