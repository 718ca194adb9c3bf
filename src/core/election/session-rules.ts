import type { Rule } from './rule.ts';

/** How a contender keeps its session. */
export const sessionRules: readonly Rule[] = [
  {
    id: 'renew',
    about: 'the session is renewed long before it could end',
    decide: ({ state, timing }) => {
      const { session, sessionCall, nowMs } = state;
      if (session === null || session.isSpent || sessionCall !== null) return null;
      if (nowMs < session.renewDueMs || nowMs < state.sessionRetryMs) return null;
      return {
        state: {
          ...state,
          sessionCall: 'renew',
          session: { ...session, renewDueMs: nowMs + timing.renewEveryMs },
        },
        actions: [{ kind: 'renew', sessionId: session.id }],
        because: 'renews its session',
      };
    },
  },
  {
    id: 'open',
    about: 'a contender without a session opens one, once its task knows that it does not lead',
    decide: ({ state }) => {
      const { session, sessionCall, office, nowMs } = state;
      if (session !== null || sessionCall !== null || office.kind !== 'none') return null;
      if (state.stopByMs !== null || state.unfitBecause !== null || nowMs < state.sessionRetryMs) return null;
      return {
        state: { ...state, sessionCall: 'open' },
        actions: [{ kind: 'open' }],
        because: 'opens a session',
      };
    },
  },
];
