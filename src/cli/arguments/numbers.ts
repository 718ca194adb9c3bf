import { Problem } from '../../core/problem.ts';

/** A parser for an option that is a whole number between `least` and `most`. */
export function wholeNumber(field: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,12}$/u.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new Problem('usage', `${field}: "${text}" is not a whole number between ${least} and ${most}.`);
  };
}

/** A parser for an option that is a TCP port. */
export function portNumber(field: string): (text: string) => number {
  return wholeNumber(field, 1, 65_535);
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  '': 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A parser for an option that is a span of time: `500ms`, `5s`, `15m`, `2h`, `7d`; a bare number counts seconds. */
export function duration(field: string, leastMs: number, mostMs: number): (text: string) => number {
  return (text) => {
    const [, number, unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/u.exec(text) ?? [];
    const ms = number === undefined ? Number.NaN : Math.round(Number(number) * (unitMs[unit] ?? Number.NaN));
    if (ms >= leastMs && ms <= mostMs) return ms;
    throw new Problem(
      'usage',
      `${field}: "${text}" is not a time between ${spanOfTime(leastMs)} and ${spanOfTime(mostMs)}; write it like 500ms, 5s, 15m, 2h or 7d.`,
    );
  };
}

function spanOfTime(ms: number): string {
  const unit = ['d', 'h', 'm', 's'].find((each) => ms % (unitMs[each] ?? 1) === 0) ?? 'ms';
  return `${ms / (unitMs[unit] ?? 1)}${unit}`;
}
