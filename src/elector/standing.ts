import { authorityUntilMs } from '../core/election/authority.ts';
import type { ElectionState } from '../core/election/state.ts';
import type { ElectionTiming } from '../core/election/timing.ts';

/** How one contender stands at a moment. */
export interface Standing {
  readonly isLeading: boolean;
  readonly token: string | null;
  readonly sessionId: string | null;
  /** Of whoever leads, as last seen. */
  readonly holder: string | null;
  /** Until authority ends; 0 when it does not lead. */
  readonly authorityLeftMs: number;
  readonly unfitBecause: string | null;
}

/** How it stands by what it knows, at a moment that may be later than its last step: authority ends by the clock alone. */
export function standingOf(state: ElectionState, timing: ElectionTiming, nowMs: number): Standing {
  const token = state.office.kind === 'leading' ? state.office.token : null;
  const authorityLeftMs = token === null ? 0 : authorityLeftBy(token, state, timing, nowMs);
  return {
    isLeading: authorityLeftMs > 0,
    token,
    sessionId: state.session?.id ?? null,
    holder: state.lock?.holder ?? null,
    authorityLeftMs,
    unfitBecause: state.unfitBecause,
  };
}

/** Milliseconds that the leadership by this token still lasts; 0 when it is over, or another one. */
export function authorityLeftBy(
  token: string,
  state: ElectionState,
  timing: ElectionTiming,
  nowMs: number,
): number {
  const until = authorityUntilMs(state, timing);
  const isTerm = state.office.kind === 'leading' && state.office.token === token;
  return isTerm && until !== null ? Math.max(0, until - nowMs) : 0;
}
