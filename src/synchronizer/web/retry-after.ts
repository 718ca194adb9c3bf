/**
 * How long a server asks to be left alone, in milliseconds: seconds, or an instant (RFC 9110, section 10.2.3). 0 for what is neither, or
 * has passed.
 *
 * @param nowMs Unix time by the clock of that server
 */
export function retryAfterMs(header: string | null, nowMs: number): number {
  if (header === null) return 0;
  const ms = /^\d{1,9}$/u.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return ms > 0 ? ms : 0;
}
