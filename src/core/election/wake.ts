import { authorityUntilMs } from './authority.ts';
import type { ElectionState } from './state.ts';
import type { ElectionTiming } from './timing.ts';

/** When something may have to be done although nothing happens; `Infinity`: never. */
export function wakeAtMs(state: ElectionState, timing: ElectionTiming): number {
  if (state.isDone) return Infinity;
  const { session, candidacy, nowMs } = state;
  const moments = [
    authorityUntilMs(state, timing),
    session?.renewDueMs,
    session !== null && candidacy.unsettled !== null ? candidacy.unsettled.sinceMs + session.ttlMs : null,
    state.sessionRetryMs,
    state.lockRetryMs,
    state.acquireRetryMs,
    state.standBackUntilMs,
    state.stopByMs,
  ];
  return Math.min(...moments.map((at) => (at === null || at === undefined || at <= nowMs ? Infinity : at)));
}
