import { readExpiration } from './expiration.ts';
import type { ServerNow } from './server-time.ts';

/** What was read of an election, in that order. */
export interface ElectionReading {
  /** The values of `leader-expiration`, the newest first; of the older ones as many as were looked at. */
  readonly expirations: readonly string[];
  /** When `current-leader` was made, Unix time in milliseconds; null: there is none. */
  readonly leaderMadeMs: number | null;
}

/** Whether somebody leads. */
export type LockState =
  /**
   * `untilMs`: when to look again at the latest, by the server's clock. `isProven`: by its lease, and not by the age of its host alone,
   * which has won and may never come to lead.
   */
  | { readonly kind: 'held'; readonly untilMs: number; readonly isProven: boolean }
  /** `isUnsettled`: nobody gave it up and no lease has passed. So somebody may believe to lead. */
  | { readonly kind: 'free'; readonly isUnsettled: boolean };

/**
 * Whether the lock is free.
 *
 * Somebody leads while its lease lasts. A leader's host younger than one lease leads, too, whatever the lease says: its maker has won and
 * may not have written yet. Only when this very term has written an expiration and then a released one, the leader has left.
 */
export function lockState(reading: ElectionReading, now: ServerNow, leaseMs: number): LockState {
  const { expirations, leaderMadeMs } = reading;
  const expiration = readExpiration(expirations[0] ?? null, now, leaseMs);
  const isSettled = expiration.kind === 'none' || expiration.kind === 'past';
  if (leaderMadeMs === null) return { kind: 'free', isUnsettled: !isSettled };
  if (expiration.kind === 'live') return { kind: 'held', untilMs: expiration.atMs, isProven: true };
  const isYoung = now.lowMs - leaderMadeMs < leaseMs && leaderMadeMs <= now.highMs + leaseMs;
  if (isYoung && !hasReleased(expirations, leaderMadeMs, leaseMs)) {
    return { kind: 'held', untilMs: leaderMadeMs + leaseMs, isProven: false };
  }
  return { kind: 'free', isUnsettled: !isSettled };
}

/** Whether `lockState` could say otherwise if it knew older values, too. */
export function needsOlder(reading: ElectionReading, now: ServerNow, leaseMs: number): boolean {
  const state = lockState(reading, now, leaseMs);
  const [newest] = reading.expirations;
  const isOpen = newest !== undefined && (!isTime(newest) || isReleased(newest));
  return state.kind === 'held' && isOpen && readExpiration(newest, now, leaseMs).kind !== 'live';
}

/** What strangers wrote counts for nothing. A leader's first expiration lies a lease after its host was made, less part of a second. */
function hasReleased(expirations: readonly string[], leaderMadeMs: number, leaseMs: number): boolean {
  const times = expirations.filter(isTime);
  const last = times.find((text) => !isReleased(text));
  const [newest] = times;
  if (newest === undefined || last === undefined || !isReleased(newest)) return false;
  return Number(last) * 1000 > leaderMadeMs + leaseMs - 1000;
}

function isTime(text: string): boolean {
  return /^\d{1,12}$/u.test(text);
}

function isReleased(text: string): boolean {
  return Number(text) === 0;
}
