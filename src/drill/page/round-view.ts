import type { Moment, RoundReport, Verdict, Violation } from '../../core/drill/verdict.ts';
import type { Stretch } from './scale.ts';

type Timeline = RoundReport['timeline'];
export type NodeState = Timeline['nodes'][number]['states'][number];

/** A round as it is drawn: all times in milliseconds after the fault began, as the verdict has them. */
export interface RoundView {
  readonly whole: Stretch;
  /** What clients and nodes did right after the fault, larger; null when the whole shows it well enough. */
  readonly closeUp: Stretch | null;
  readonly inEffectAt: number | null;
  readonly endedAt: number;
  readonly lanes: readonly { readonly name: string; readonly states: readonly NodeState[] }[];
  readonly writes: {
    readonly from: number;
    readonly stepMs: number;
    readonly acknowledged: readonly number[];
    readonly refused: readonly number[];
  };
  /** By time, at most `mostViolations`. */
  readonly violations: readonly Violation[];
  /** When the others were. */
  readonly moreViolations: readonly number[];
  /** At most `mostClaims`. */
  readonly claims: readonly Moment[];
  readonly verdict: Verdict;
}

/** More than this nobody reads, and a page of them would be too large to open; the JSON report has all. */
const mostViolations = 15;
const mostClaims = 15;
/** A close-up is worth its room when it magnifies at least so much. */
const leastMagnification = 3;
/** What is over sooner than this is not a story. */
const shortestStoryMs = 200;

/** Moves a round's timeline to where its fault began. */
export function roundView({ verdict, timeline }: RoundReport): RoundView {
  const { beganAt, inEffectAt, endedAt } = timeline.fault;
  const violations = verdict.violations.toSorted((a, b) => a.at - b.at);
  const whole = { from: timeline.from - beganAt, to: Math.max(timeline.to, timeline.from + 1) - beganAt };
  return {
    whole,
    closeUp: closeUpOf(whole, verdict),
    inEffectAt: inEffectAt === null ? null : inEffectAt - beganAt,
    endedAt: endedAt - beganAt,
    lanes: timeline.nodes.map(({ name, states }) => ({
      name,
      states: states.map((state) => ({ ...state, from: state.from - beganAt, to: state.to - beganAt })),
    })),
    writes: { ...timeline, from: timeline.from - beganAt, stepMs: Math.max(1, timeline.stepMs) },
    violations: violations.slice(0, mostViolations),
    moreViolations: violations.slice(mostViolations).map(({ at }) => at),
    claims: verdict.twoClaims.slice(0, mostClaims),
    verdict,
  };
}

function closeUpOf(whole: Stretch, verdict: Verdict): Stretch | null {
  const { detectionMs, promotionMs, firstWriteDirectMs, firstWriteBalancerMs } = verdict;
  const story = [detectionMs, promotionMs, firstWriteDirectMs, firstWriteBalancerMs].filter(
    (ms) => ms !== null,
  );
  const last = Math.max(0, ...story);
  if (last < shortestStoryMs) return null;
  const length = Math.max(1000, last * 1.5);
  const stretch = { from: Math.max(whole.from, -length / 5), to: Math.min(whole.to, length) };
  return (stretch.to - stretch.from) * leastMagnification > whole.to - whole.from ? null : stretch;
}
