import { provenUntilMs } from './authority.ts';
import type { SeenLock } from './backend.ts';
import type { Rule, Verdict } from './rule.ts';
import { type ElectionState, holdsLock, type LockCall, type Session, wantsOffice } from './state.ts';
import { type ElectionTiming, watchMs } from './timing.ts';

/** How a contender comes to lead, and how it keeps seeing the lock. */
export const lockRules: readonly Rule[] = [
  {
    id: 'lead',
    about: 'the lock is ours, and the session will last for a while',
    decide: ({ state, timing }) => {
      const { session, lock, office } = state;
      if (session === null || lock === null || office.kind !== 'none') return null;
      if (!wantsOffice(state) || !holdsLock(state)) return null;
      if (state.nowMs >= provenUntilMs(state, session, timing)) return null;
      const { token } = lock;
      const leading = { kind: 'leading', token, sinceMs: state.nowMs } as const;
      const because = 'it holds the lock';
      return {
        state: { ...state, office: leading },
        actions: [{ kind: 'lead', token, sessionId: session.id, because }],
        because: `leads: ${because}`,
      };
    },
  },
  {
    id: 'acquire',
    about: 'the lock is free, and nobody can still believe to lead',
    decide: ({ state }) => {
      const { session, lock, lockCall, office } = state;
      if (session === null || lock === null || lock.holder !== null || office.kind !== 'none') return null;
      if (!wantsOffice(state) || !mayAcquire(state, session, lock)) return null;
      if ((lockCall !== null && lockCall.kind !== 'watch') || state.nowMs < state.acquireRetryMs) return null;
      return call(state, 'acquire', 'the lock is free: tries to take it', (id) => ({
        kind: 'acquire',
        call: id,
        sessionId: session.id,
        seen: lock,
      }));
    },
  },
  {
    id: 'watch',
    about: 'whatever happens to the lock is told at once',
    decide: ({ state, timing }) => {
      const { session, lock, lockCall, office } = state;
      if (state.sessionCall === 'close') return null;
      if (session === null || session.isSpent || lockCall !== null || state.nowMs < state.lockRetryMs)
        return null;
      if (state.stopByMs !== null && office.kind === 'none' && lock !== null && !holdsLock(state))
        return null;
      const waitMs = holdsLock(state)
        ? ownLockWaitMs(state, session, timing)
        : watchMs(session.ttlMs, timing, false);
      const because = lock === null ? 'looks at the lock' : 'watches the lock';
      return call(state, 'watch', because, (id) => ({ kind: 'watch', call: id, after: lock, waitMs }));
    },
  },
];

/** One's own lock is looked at often: while leading as proof, else because only a new proof lets one lead. */
function ownLockWaitMs({ office }: ElectionState, session: Session, timing: ElectionTiming): number {
  return office.kind === 'leading' ? watchMs(session.ttlMs, timing, true) : timing.retryMs;
}

/**
 * When an unsettled lock may be taken: by the leader that lost the one before it, or when no authority by that can have lasted.
 * Nothing that a store lists proves that nobody leads: access rules, other names and a late look shorten each list.
 */
function mayAcquire({ candidacy, nowMs }: ElectionState, session: Session, lock: SeenLock): boolean {
  if (!lock.isUnsettled) return true;
  const { unsettled, heirOf } = candidacy;
  if (heirOf === lock.token) return true;
  return unsettled?.token === lock.token && nowMs >= unsettled.sinceMs + session.ttlMs;
}

function call(
  state: ElectionState,
  kind: LockCall['kind'],
  because: string,
  action: (id: number) => Verdict['actions'][number],
): Verdict {
  const id = state.lockCalls + 1;
  return { state: { ...state, lockCalls: id, lockCall: { id, kind } }, actions: [action(id)], because };
}
