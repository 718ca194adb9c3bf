/** An instant as a client wrote it. */
export interface Instant {
  /** Milliseconds since 1970. */
  readonly ms: number;
  /** The same to the second, with the offset as it was written: `2050-12-31T00:00:00+02:00`. */
  readonly text: string;
}

const form =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * Reads an instant of ISO 8601: a date, or a date and a time, with an offset or in UTC. Null when `text` is none: a day
 * that its month does not have, an hour 24.
 */
export function isoInstant(text: string): Instant | null {
  const parts = form.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '0', zone = 'Z'] = parts;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const offset = offsetOf(zone);
  const localMs = Date.parse(`${local}Z`);
  if (offset === null || Number.isNaN(localMs)) return null;
  if (!new Date(localMs).toISOString().startsWith(local)) return null; // 30 February became 2 March
  const ms = localMs - offset.minutes * 60_000 + Math.floor(Number(`0.${fraction}`) * 1000);
  return { ms, text: `${local}${offset.text}` };
}

function offsetOf(zone: string): { readonly minutes: number; readonly text: string } | null {
  if (/^z$/i.test(zone)) return { minutes: 0, text: '+00:00' };
  const hours = zone.slice(1, 3);
  const rest = zone.slice(3).replace(':', '') || '00';
  if (Number(hours) > 23 || Number(rest) > 59) return null;
  const minutes = Number(hours) * 60 + Number(rest);
  return { minutes: zone.startsWith('-') ? -minutes : minutes, text: `${zone.charAt(0)}${hours}:${rest}` };
}

/** An instant to the second in UTC: `2050-12-31T00:00:00Z`. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -'.000Z'.length)}Z`;
}
