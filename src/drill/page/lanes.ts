import { moment } from '../summary/figures.ts';
import { type Html, html, nothing } from './html.ts';
import type { NodeState, RoundView } from './round-view.ts';
import { asPercent, share, type Stretch } from './scale.ts';

export const laneHeight = 26;
const bandHeight = 20;

/** What stands for a state where its word has no room. */
export const letterOf: Readonly<Record<NodeState['state'], string>> = {
  master: 'M',
  standby: 'S',
  follower: 'F',
  starting: '…',
  silent: '×',
};

/** Widths for which words are chosen: a picture on a desk, and on a telephone. */
const wideColumns = 920;
const narrowColumns = 250;
const letterWidth = 6.7;
/** Percent: even a blip can be seen. */
const thinnest = 0.15;

/** Of a lane whose node came and went all the time, brief states are drawn together: each by itself takes 250 bytes. */
const mostSpans = 40;
/** Percent: narrower than a letter. */
const brief = 1.25;

/** One node's states, one after the other. */
export function lane({ name, states }: RoundView['lanes'][number], stretch: Stretch, y: number): Html {
  const seen = states.filter(({ from, to }) => to > stretch.from && from < stretch.to);
  const isApart = (state: NodeState): boolean => seen.length <= mostSpans || widthOf(state, stretch) >= brief;
  const top = y + (laneHeight - bandHeight) / 2;
  const together = seen.filter((state) => !isApart(state));
  return html`${seen.filter(isApart).map((state) => span(name, state, stretch, top))}${blips(together, stretch, top)}`;
}

function widthOf({ from, to }: NodeState, stretch: Stretch): number {
  return Math.max(thinnest, share(to, stretch) - share(from, stretch));
}

/** Brief states, one path for all of a kind, in hundredths of a percent. */
function blips(states: readonly NodeState[], stretch: Stretch, y: number): Html {
  if (states.length === 0) return nothing;
  const kinds = Array.from(Map.groupBy(states, ({ state }) => state));
  const paths = kinds.map(([kind, some]) => {
    const boxes = some.map((state) => {
      const width = Math.round(widthOf(state, stretch) * 100);
      return `M${Math.round(share(state.from, stretch) * 100)} 0h${width}v${bandHeight}h-${width}z`;
    });
    return html`<path class="${kind}" d="${boxes.join('')}"/>`;
  });
  return html`<svg y="${y}" width="100%" height="${bandHeight}" viewBox="0 0 10000 ${bandHeight}" preserveAspectRatio="none">${paths}</svg>`;
}

function span(name: string, state: NodeState, stretch: Stretch, y: number): Html {
  const from = share(state.from, stretch);
  const width = widthOf(state, stretch);
  const term = state.term === null ? '' : ` of term ${state.term}`;
  const title = `${name}: ${state.state}${state.state === 'master' ? term : ''}, ${moment(state.from)} to ${moment(state.to)}`;
  return html`<svg x="${asPercent(from)}" y="${y}" width="${asPercent(width)}" height="${bandHeight}"><title>${title}</title><rect class="${state.state}" width="100%" height="100%"/>${words(state, width)}</svg>`;
}

/** The word of a state, shorter on a narrow screen; without room nothing, rather than half a word. */
function words(state: NodeState, width: number): Html {
  const wide = wordFor(state, (width / 100) * wideColumns);
  const narrow = wordFor(state, (width / 100) * narrowColumns);
  if (wide === narrow) return wordAt(wide, state, '');
  return html`${wordAt(wide, state, ' wide')}${wordAt(narrow, state, ' narrow')}`;
}

function wordAt(word: string, { state }: NodeState, when: string): Html {
  if (word === '') return nothing;
  const x = word.length === 1 ? 3 : 6;
  return html`<text class="on-${state}${when}" x="${x}" y="14">${word}</text>`;
}

function wordFor({ state, term }: NodeState, room: number): string {
  const letter = letterOf[state];
  const candidates =
    state === 'master' && term !== null
      ? [`master · term ${term}`, `term ${term}`, `${letter}${term}`, letter]
      : [state, letter];
  return candidates.find((word) => word.length * letterWidth + (word.length === 1 ? 5 : 12) <= room) ?? '';
}
