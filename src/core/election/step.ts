import { absorb } from './absorb.ts';
import type { ElectionAction } from './action.ts';
import { authorityRules } from './authority-rules.ts';
import type { ElectionEvent } from './event.ts';
import { leaveRules } from './leave-rules.ts';
import { lockRules } from './lock-rules.ts';
import type { Rule } from './rule.ts';
import { sessionRules } from './session-rules.ts';
import type { ElectionState } from './state.ts';
import type { ElectionTiming } from './timing.ts';
import { wakeAtMs } from './wake.ts';

/** Every rule, in the order in which they are tried. */
export const electionRules: readonly Rule[] = [
  ...authorityRules,
  ...leaveRules,
  ...sessionRules,
  ...lockRules,
];

export interface Step {
  readonly state: ElectionState;
  readonly actions: readonly ElectionAction[];
  /** One sentence for each rule that applied. */
  readonly because: readonly string[];
  /** When to come back with a `tick` although nothing happened; `Infinity`: never. */
  readonly wakeAtMs: number;
}

/** No event leads to more decisions than this: each rule leaves a state in which it does not apply. */
const decisionsPerStep = 16;

/**
 * One step of a contender: from what it knows and what happened to what it does, and why. Pure: no clock, no chance, no
 * input or output. Whoever leads does so until `authorityUntilMs` of the state at the longest, also when no step is made.
 */
export function step(before: ElectionState, event: ElectionEvent, timing: ElectionTiming): Step {
  let state = absorb(before, event, timing);
  const actions: ElectionAction[] = [];
  const because: string[] = [];
  for (let decisions = 0; decisions < decisionsPerStep && !state.isDone; decisions += 1) {
    const verdict = firstVerdict(state, timing);
    if (verdict === null) break;
    state = verdict.state;
    actions.push(...verdict.actions);
    because.push(verdict.because);
  }
  return { state, actions, because, wakeAtMs: wakeAtMs(state, timing) };
}

function firstVerdict(state: ElectionState, timing: ElectionTiming): ReturnType<Rule['decide']> {
  for (const rule of electionRules) {
    const verdict = rule.decide({ state, timing });
    if (verdict !== null) return verdict;
  }
  return null;
}
