import type { SeenLock } from './backend.ts';

/**
 * All that one contender knows. Times are milliseconds of a clock that never goes back and does not stop when the machine
 * is suspended; its zero means nothing.
 */
export interface ElectionState {
  readonly nowMs: number;
  readonly session: Session | null;
  /** The one call about the session that is under way. */
  readonly sessionCall: 'open' | 'renew' | 'close' | null;
  /** Not before this moment is another made. */
  readonly sessionRetryMs: number;
  /** The lock as last seen within this session; null: not yet. */
  readonly lock: SeenLock | null;
  /** When the look was asked for that showed it so. */
  readonly lockProvenMs: number;
  readonly lockCall: LockCall | null;
  readonly lockCalls: number;
  readonly lockRetryMs: number;
  readonly acquireRetryMs: number;
  readonly candidacy: Candidacy;
  readonly office: Office;
  /** Null: may lead. A sentence: why not, as when the task is sick. */
  readonly unfitBecause: string | null;
  /** Others may have the lock until then. */
  readonly standBackUntilMs: number;
  /** A wish that is carried out once, if there is something to step down from. */
  readonly stepDownAsked: boolean;
  /** When stopping has to be over; null: nobody asked. */
  readonly stopByMs: number | null;
  readonly isDone: boolean;
}

export interface Session {
  readonly id: string;
  readonly ttlMs: number;
  /** When its opening was answered. */
  readonly openedMs: number;
  /** When the last renewal that succeeded was sent (at first: the opening). */
  readonly provenMs: number;
  readonly renewDueMs: number;
  /** A release was not answered and may still be carried out at any time: this session must not lead again. */
  readonly isSpent: boolean;
}

/** The one call about the lock that is under way: answers of any other are too late. */
export interface LockCall {
  readonly id: number;
  readonly kind: 'watch' | 'acquire' | 'release';
}

/** What counts for a contender that finds the lock free and unsettled. */
export interface Candidacy {
  /** The unsettled lock and since when it has been seen. */
  readonly unsettled: { readonly token: string; readonly sinceMs: number } | null;
  /** The token of the unsettled lock which replaced the one that this contender held, with authority, when it looked. */
  readonly heirOf: string | null;
}

export type Office =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'leading';
      readonly token: string;
      readonly sinceMs: number;
    }
  /** The task is being told; until that is done, nothing is given away and nothing begins. */
  | { readonly kind: 'deposing' };

export const noCandidacy: Candidacy = { unsettled: null, heirOf: null };

/** A contender that has just begun. */
export function initialState(nowMs: number): ElectionState {
  return {
    nowMs,
    session: null,
    sessionCall: null,
    sessionRetryMs: nowMs,
    lock: null,
    lockProvenMs: nowMs,
    lockCall: null,
    lockCalls: 0,
    lockRetryMs: nowMs,
    acquireRetryMs: nowMs,
    candidacy: noCandidacy,
    office: { kind: 'none' },
    unfitBecause: null,
    standBackUntilMs: nowMs,
    stepDownAsked: false,
    stopByMs: null,
    isDone: false,
  };
}

/** Whether this contender would lead if it could. */
export function wantsOffice(state: ElectionState): boolean {
  return (
    state.stopByMs === null &&
    state.session?.isSpent !== true &&
    state.unfitBecause === null &&
    !state.stepDownAsked &&
    state.nowMs >= state.standBackUntilMs
  );
}

export function holdsLock({ session, lock }: ElectionState): boolean {
  return session !== null && lock !== null && lock.holder === session.id;
}
