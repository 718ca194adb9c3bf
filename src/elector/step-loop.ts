import type { ElectionAction } from '../core/election/action.ts';
import { type ElectionState, initialState } from '../core/election/state.ts';
import { step } from '../core/election/step.ts';
import type { ElectionTiming } from '../core/election/timing.ts';
import type { Happening } from './store-call.ts';

export interface StepLoopDeps {
  readonly timing: ElectionTiming;
  readonly nowMs: () => number;
  /** Carries an action out, or begins to: what comes of it is told by `happens`. */
  readonly perform: (action: ElectionAction) => void;
  /** After each decision, before its actions. */
  readonly decided: (before: ElectionState, now: ElectionState, because: readonly string[]) => void;
}

/** The state of one contender, and the only place that changes it. */
export interface StepLoop {
  readonly state: () => ElectionState;
  readonly happens: (event: Happening) => void;
}

/** The longest time that a timer of Node takes. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * One step after the other: what happens while a step's actions are carried out waits for its own. When nothing happens, it
 * comes back by itself at the moment that the last step named.
 */
export function createStepLoop({ timing, nowMs, perform, decided }: StepLoopDeps): StepLoop {
  let state = initialState(nowMs());
  let timer: NodeJS.Timeout | undefined;
  const waiting: Happening[] = [];
  let isStepping = false;

  const happens = (event: Happening): void => {
    waiting.push(event);
    if (isStepping) return;
    isStepping = true;
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) takeStep(next);
    } finally {
      isStepping = false;
    }
  };

  const takeStep = (event: Happening): void => {
    if (state.isDone) return;
    const before = state;
    const result = step(before, { ...event, nowMs: nowMs() }, timing);
    state = result.state;
    decided(before, state, result.because);
    for (const action of result.actions) perform(action);
    wakeAt(result.wakeAtMs);
  };

  const wakeAt = (atMs: number): void => {
    clearTimeout(timer);
    if (atMs === Infinity) return;
    const inMs = Math.min(longestTimerMs, Math.max(1, Math.ceil(atMs - nowMs())));
    timer = setTimeout(() => happens({ kind: 'tick' }), inMs);
  };

  return { state: () => state, happens };
}
