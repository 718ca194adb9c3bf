import { authorityUntilMs } from './authority.ts';
import type { SeenLock } from './backend.ts';
import type { ElectionEvent } from './event.ts';
import { type Candidacy, type ElectionState, noCandidacy } from './state.ts';
import type { ElectionTiming } from './timing.ts';

/** The state with what happened noted in it. Nothing is decided here. */
export function absorb(before: ElectionState, event: ElectionEvent, timing: ElectionTiming): ElectionState {
  const state = { ...before, nowMs: Math.max(before.nowMs, event.nowMs) };
  const { nowMs } = state;
  switch (event.kind) {
    case 'tick':
      return state;
    case 'opened': {
      const { id, ttlMs } = event.session;
      const renewDueMs = event.sentAtMs + timing.renewEveryMs;
      const session = { id, ttlMs, openedMs: nowMs, provenMs: event.sentAtMs, renewDueMs, isSpent: false };
      return { ...withoutLock(state), session, sessionCall: null, lockRetryMs: nowMs, acquireRetryMs: nowMs };
    }
    case 'renewed': {
      const { session } = state;
      if (session?.id !== event.sessionId) return state;
      const provenMs = Math.max(session.provenMs, event.sentAtMs);
      const renewed = { ...session, provenMs, renewDueMs: event.sentAtMs + timing.renewEveryMs };
      return { ...withoutCall(state, 'renew'), session: renewed };
    }
    case 'gone':
      if (state.session?.id !== event.sessionId) return state;
      return {
        ...withoutLock(state),
        session: null,
        sessionCall: null,
        // Sessions that are gone as soon as they are opened would be opened without end.
        sessionRetryMs: Math.max(nowMs, state.session.openedMs + timing.retryMs),
      };
    case 'closed':
      return { ...withoutLock(state), session: null, sessionCall: null };
    case 'sessionCallFailed': {
      const sessionRetryMs = nowMs + (event.retryInMs ?? timing.retryMs);
      const { session } = state;
      const sooner =
        session === null ? null : { ...session, renewDueMs: Math.min(session.renewDueMs, sessionRetryMs) };
      return { ...withoutCall(state, event.call), session: sooner, sessionRetryMs };
    }
    case 'lockSeen':
      return isAnswer(state, event.call) ? withLock(state, event.lock, event.sentAtMs, timing) : state;
    case 'released': {
      if (!isAnswer(state, event.call)) return state;
      // What the lock is like now is for the next look to say.
      return { ...state, lockCall: null, lock: null };
    }
    case 'lockCallFailed': {
      if (!isAnswer(state, event.call)) return state;
      const acquireRetryMs =
        state.lockCall?.kind === 'acquire' ? nowMs + timing.retryMs : state.acquireRetryMs;
      // After a failed call the lock may be ours: look at once instead of waiting for a change.
      const lock = state.lockCall?.kind === 'watch' ? state.lock : null;
      const { session, lockCall } = state;
      const spent =
        session !== null && lockCall?.kind === 'release' ? { ...session, isSpent: true } : session;
      const lockRetryMs = nowMs + timing.retryMs;
      return { ...state, session: spent, lock, lockCall: null, lockRetryMs, acquireRetryMs };
    }
    case 'deposed':
      return { ...state, office: { kind: 'none' } };
    case 'fitness':
      return { ...state, unfitBecause: event.unfitBecause };
    case 'stepDown':
      return state.office.kind === 'leading' ? { ...state, stepDownAsked: true } : state;
    case 'stop':
      return state.stopByMs === null ? { ...state, stopByMs: nowMs + timing.stopMs } : state;
  }
}

function isAnswer(state: ElectionState, call: number): boolean {
  return state.lockCall?.id === call;
}

function withoutCall(state: ElectionState, call: ElectionState['sessionCall']): ElectionState {
  return state.sessionCall === call ? { ...state, sessionCall: null } : state;
}

function withoutLock(state: ElectionState): ElectionState {
  return { ...state, lock: null, lockCall: null, candidacy: noCandidacy };
}

function withLock(
  state: ElectionState,
  lock: SeenLock,
  sentAtMs: number,
  timing: ElectionTiming,
): ElectionState {
  const { session, nowMs } = state;
  const isOurs = session !== null && lock.holder === session.id;
  // A lock that stays free has its reasons (a lock-delay): it is not asked for again at once.
  const refused = state.lockCall?.kind === 'acquire' && lock.holder === null;
  return {
    ...state,
    lock,
    lockProvenMs: isOurs ? Math.max(state.lockProvenMs, sentAtMs) : state.lockProvenMs,
    lockCall: null,
    candidacy: candidacyAt(state, lock, timing),
    acquireRetryMs: refused ? nowMs + timing.retryMs : state.acquireRetryMs,
  };
}

function candidacyAt(state: ElectionState, lock: SeenLock, timing: ElectionTiming): Candidacy {
  const { candidacy, nowMs } = state;
  if (!lock.isUnsettled) return noCandidacy;
  const { unsettled } = candidacy;
  const isSame = unsettled !== null && unsettled.token === lock.token;
  const until = authorityUntilMs(state, timing);
  // Whoever waits began to wait after our last proof, so nobody can have led in between while our authority lasts.
  const isHeir = until !== null && nowMs < until;
  return {
    unsettled: isSame ? unsettled : { token: lock.token, sinceMs: nowMs },
    heirOf: isHeir ? lock.token : candidacy.heirOf === lock.token ? lock.token : null,
  };
}
