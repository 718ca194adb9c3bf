import { holdsLock, wantsOffice } from './state.ts';
import type { Rule } from './rule.ts';

/** How a contender gives away what it must not keep: the lock first, then the session. Only after its task was told. */
export const leaveRules: readonly Rule[] = [
  {
    id: 'stop-late',
    about: 'the time to stop is over: the store ends the session by itself',
    decide: ({ state }) => {
      if (state.stopByMs === null || state.isDone || state.office.kind !== 'none') return null;
      if (state.session !== null && state.nowMs < state.stopByMs) return null;
      if (state.session === null && state.sessionCall !== null && state.nowMs < state.stopByMs) return null;
      const because =
        state.session === null
          ? 'stopped'
          : 'stopped; the store did not answer, and ends the session by itself';
      return { state: { ...state, isDone: true }, actions: [{ kind: 'finish' }], because };
    },
  },
  {
    id: 'release',
    about: 'a lock that is held without leading is given to others',
    decide: ({ state }) => {
      const { session, lockCall, office } = state;
      if (office.kind !== 'none' || session === null || session.isSpent || !holdsLock(state)) return null;
      if (wantsOffice(state) || lockCall?.kind === 'release' || state.nowMs < state.lockRetryMs) return null;
      const id = state.lockCalls + 1;
      return {
        // From here on nobody knows whose the lock is.
        state: { ...state, lock: null, lockCalls: id, lockCall: { id, kind: 'release' } },
        actions: [{ kind: 'release', call: id, sessionId: session.id }],
        because: 'releases the lock',
      };
    },
  },
  {
    id: 'stand-back',
    about: 'who stepped down lets others go first',
    decide: ({ state, timing }) => {
      if (!state.stepDownAsked || state.office.kind !== 'none' || holdsLock(state)) return null;
      const standBackUntilMs = state.nowMs + timing.standBackMs;
      return {
        state: { ...state, stepDownAsked: false, standBackUntilMs },
        actions: [],
        because: `leaves the lock to others for ${timing.standBackMs} ms`,
      };
    },
  },
  {
    id: 'close',
    about:
      'a session that is not needed any more, or must not lead again, is ended once its lock was released',
    decide: ({ state }) => {
      const { session, sessionCall, office, stopByMs } = state;
      if (office.kind !== 'none' || session === null || (stopByMs === null && !session.isSpent)) return null;
      if (sessionCall === 'close' || sessionCall === 'open' || state.lockCall?.kind === 'release')
        return null;
      if ((holdsLock(state) && !session.isSpent) || state.nowMs < state.sessionRetryMs) return null;
      return {
        state: { ...state, sessionCall: 'close' },
        actions: [{ kind: 'close', sessionId: session.id }],
        because: 'ends its session',
      };
    },
  },
];
