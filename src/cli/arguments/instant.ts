import { Problem } from '../../core/problem.ts';
import { isoInstant } from '../../server/http/iso-instant.ts';
import { duration } from './numbers.ts';

const longest = 3650 * 86_400_000;

/** A parser for an option that is a point in time: ISO 8601, or so long ago (`30m`, `7d`). Gives it in UTC. */
export function pointInTime(field: string): (text: string) => string {
  const ago = duration(field, 0, longest);
  return (text) => {
    if (/^\d+(?:\.\d+)?(?:ms|s|m|h|d)$/u.test(text)) return new Date(Date.now() - ago(text)).toISOString();
    const instant = isoInstant(text);
    if (instant !== null) return new Date(instant.ms).toISOString();
    throw new Problem(
      'usage',
      `${field}: "${text.slice(0, 60)}" is no time; write it like 2026-01-31T12:00:00Z, or 2h for two hours ago.`,
    );
  };
}
