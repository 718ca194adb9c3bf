import type { ElectionAction } from './action.ts';
import type { ElectionState } from './state.ts';
import type { ElectionTiming } from './timing.ts';

export interface Context {
  readonly state: ElectionState;
  readonly timing: ElectionTiming;
}

/** What one rule decides. The state it leaves is one in which it does not apply any more. */
export interface Verdict {
  readonly state: ElectionState;
  readonly actions: readonly ElectionAction[];
  /** Why, for people. */
  readonly because: string;
}

/** One named decision: tried in order, the first that gives a verdict wins. */
export interface Rule {
  readonly id: string;
  readonly about: string;
  readonly decide: (context: Context) => Verdict | null;
}
