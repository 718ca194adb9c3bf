import type { ServerNow } from './server-time.ts';

/**
 * What the value of `leader-expiration` means.
 *
 * - `none`: the variable has no value.
 * - `unparsable`: it is no Unix time in seconds.
 * - `beyond`: so far in the future that no leader wrote it, or not by this clock.
 * - `past`: it has passed, surely.
 * - `live`: it has not, or nobody knows: clocks are compared with care.
 */
export type Expiration =
  | { readonly kind: 'none' | 'unparsable' | 'beyond' }
  | { readonly kind: 'past' | 'live'; readonly atMs: number };

/** No leader writes more than one lease ahead; the second is for clocks that differ. */
const mostLeasesAhead = 2;

/** @param text the value; null: there is none */
export function readExpiration(text: string | null, now: ServerNow, leaseMs: number): Expiration {
  if (text === null) return { kind: 'none' };
  const digits = text.trim();
  if (!/^\d{1,12}$/u.test(digits)) return { kind: 'unparsable' };
  const atMs = Number(digits) * 1000;
  if (atMs > now.highMs + mostLeasesAhead * leaseMs) return { kind: 'beyond' };
  return { kind: atMs <= now.lowMs ? 'past' : 'live', atMs };
}

/** What a leader writes that gives its lease up: a moment long past. */
export const releasedText = '0';

/** An expiration has whole seconds, so it lies less than this before the end of the lease that it stands for. */
export const roundedOffMs = 1000;

/**
 * What a leader writes now: less than a second before now plus the lease, and by the server's clock at its latest. So nobody finds it
 * past before `leaseMs` - `roundedOffMs` have passed since it was sent.
 */
export function expirationText(now: ServerNow, leaseMs: number): string {
  return String(Math.floor((now.highMs + leaseMs) / 1000));
}

/** Clocks that are known to a second, at both ends. */
const clocksMs = 2000;

/**
 * How far ahead a value lies if that is further than a leader with this lease would write: a leader with a longer one wrote it, who is
 * deposed while it works, or a stranger.
 *
 * @returns milliseconds; null: it lies no further, or is no time
 */
export function tooFarAheadMs(text: string | null, now: ServerNow, leaseMs: number): number | null {
  const reading = readExpiration(text, now, leaseMs);
  if (reading.kind !== 'live' && reading.kind !== 'beyond') return null;
  const aheadMs = Number(text) * 1000 - now.highMs;
  return aheadMs > leaseMs + clocksMs ? aheadMs : null;
}
