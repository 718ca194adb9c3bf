import type { ElectionState, Session } from './state.ts';
import type { ElectionTiming } from './timing.ts';

/**
 * Until when this contender may say that it leads; null: it does not. The store cannot end the session before `ttlMs` have
 * passed since the last renewal was sent, and nobody takes a lock that was made anew before `ttlMs` have passed since. So
 * authority counts from the older of two proofs: of the session, and of the lock.
 */
export function authorityUntilMs(state: ElectionState, timing: ElectionTiming): number | null {
  const { session, office } = state;
  if (session === null || office.kind !== 'leading') return null;
  return provenUntilMs(state, session, timing);
}

/** Until when authority lasts that rests on what has been proven so far. */
export function provenUntilMs(state: ElectionState, session: Session, timing: ElectionTiming): number {
  return Math.min(session.provenMs, state.lockProvenMs) + session.ttlMs - timing.marginMs;
}
