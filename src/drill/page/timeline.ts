import { seconds } from '../summary/figures.ts';
import { axis, axisHeight, lens } from './axis.ts';
import { type Html, html, nothing } from './html.ts';
import { lane, laneHeight } from './lanes.ts';
import {
  claimMarks,
  faultBand,
  faultHeight,
  faultMarks,
  recoveryHeight,
  recoveryStep,
  recoverySteps,
  type Step,
  violationMarks,
  violationsHeight,
} from './marks.ts';
import type { RoundView } from './round-view.ts';
import { isWithin, type Stretch } from './scale.ts';
import { mostWrites, writeBars, writesHeight } from './writes.ts';

/** Of the column with the lanes' names; as wide as the style sheet makes it. */
const longestName = 11;

/** The pictures of a round: all of it, and below that the moments after the fault where they would be too small in it. */
export function timelines(view: RoundView): Html {
  const { whole, closeUp } = view;
  const steps = recoverySteps(view);
  const late = closeUp === null ? steps : steps.filter(({ to }) => !isWithin(to, closeUp));
  const shown = closeUp === null ? steps : steps.filter(({ to }) => isWithin(to, closeUp));
  return html`${picture(view, whole, late, closeUp, wholeCaption(view))}${
    closeUp === null
      ? nothing
      : picture(view, closeUp, shown, null, `The first ${seconds(closeUp.to)} after the fault, larger`)
  }`;
}

function wholeCaption({ whole, closeUp }: RoundView): string {
  const length = `The whole round, ${seconds(whole.to - whole.from)}`;
  return closeUp === null ? length : `${length}; the bar on its axis is magnified below`;
}

/** Rows from top to bottom: the fault's marks, violations, a lane for each node, writes, the way back, seconds. */
function picture(
  view: RoundView,
  stretch: Stretch,
  steps: readonly Step[],
  magnified: Stretch | null,
  caption: string,
): Html {
  const { lanes, writes } = view;
  const hasViolations = view.verdict.violations.some(({ at }) => isWithin(at, stretch));
  const lanesAt = faultHeight + (hasViolations ? violationsHeight : 0);
  const writesAt = lanesAt + lanes.length * laneHeight;
  const stepsAt = writesAt + writesHeight;
  const axisAt = stepsAt + steps.length * recoveryHeight + 6;
  const height = axisAt + axisHeight;
  const names = lanes.map(({ name }, row) => rowName(name, lanesAt + row * laneHeight + 17));
  return html`<figure><figcaption>${caption}</figcaption><div class="picture"><svg class="names" height="${height}" aria-hidden="true">
${names}${rowName('writes', writesAt + 18)}<text class="soft" y="${writesAt + 33}">${mostWrites(writes, stretch)}</text>${
    steps.length === 0 ? nothing : rowName('way back', stepsAt + 12)
  }</svg><svg class="plot" height="${height}" role="img" aria-label="${caption}: ${spoken(view)}">
${faultBand(view, stretch, axisAt)}${axis(stretch, axisAt)}${lanes.map((each, row) => lane(each, stretch, lanesAt + row * laneHeight))}
${writeBars(writes, stretch, writesAt)}
${claimMarks(view, stretch, lanesAt)}${faultMarks(view, stretch, axisAt)}
${steps.map((step, row) => recoveryStep(step, stretch, stepsAt + row * recoveryHeight))}${
  hasViolations ? violationMarks(view, stretch, faultHeight, axisAt) : nothing
}${magnified === null ? nothing : lens(magnified, stretch, axisAt)}</svg></div></figure>
`;
}

function rowName(name: string, y: number): Html {
  const letters = Array.from(name);
  if (letters.length <= longestName) return html`<text y="${y}">${name}</text>`;
  return html`<text y="${y}"><title>${name}</title>${letters.slice(0, longestName - 1).join('')}…</text>`;
}

/** The picture in words, for those who hear it. */
function spoken({ lanes }: RoundView): string {
  const told = lanes.map(({ name, states }) => {
    const words = states.map(({ state, term }) =>
      state === 'master' && term !== null ? `master of term ${term}` : state,
    );
    return `${name} ${words
      .filter((word, at) => word !== words[at - 1])
      .slice(0, 12)
      .join(', then ')}`;
  });
  return told.join('; ');
}
