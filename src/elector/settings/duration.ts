const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const part = /(?<count>\d+(?:\.\d+)?)(?<unit>us|ms|s|m|h)/gu;
const whole = /^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/u;

/** Milliseconds of a duration as Consul writes them: `15s`, `1m30s`, `24h0m0s`; null when it is none. */
export function readDuration(text: string): number | null {
  if (/^0+$/u.test(text)) return 0;
  if (!whole.test(text)) return null;
  let ms = 0;
  for (const { groups } of text.matchAll(part)) {
    ms += Number(groups?.['count']) * (units[groups?.['unit'] ?? ''] ?? Number.NaN);
  }
  return ms;
}

/** Milliseconds of a count of seconds (`10`, `0.5`), or of a duration; null when it is neither. */
export function readSeconds(text: string): number | null {
  return /^\d+(?:\.\d+)?$/u.test(text) ? Number(text) * 1000 : readDuration(text);
}
