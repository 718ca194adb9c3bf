import { isAbsolute, join } from 'node:path';

/** The faults of a file, gathered: people mend them all at once. */
export type Faults = string[];

/** Fields of one mapping of a configuration file. What is wrong is added to the faults, and something harmless is answered. */
export interface Fields {
  readonly text: (name: string, fallback?: string) => string;
  readonly optionalText: (name: string) => string | null;
  readonly oneOf: <T extends string>(name: string, choices: readonly T[], fallback: T) => T;
  readonly whole: (name: string, least: number, most: number, fallback: number) => number;
  /** Milliseconds, of `500ms`, `5s`, `15m`, `2h`, `7d`. */
  readonly duration: (name: string, leastMs: number, mostMs: number, fallbackMs: number) => number;
  /** An identifier of several parts: names with slashes between them, and none at its ends. */
  readonly branch: (name: string, fallback?: string) => string;
  /** A path; one that is not absolute counts from the directory of the configuration. */
  readonly file: (name: string) => string;
  readonly optionalFile: (name: string) => string | null;
  /** An HTTPS URL, or an HTTP one of this machine. */
  readonly url: (name: string) => string;
  readonly optionalUrl: (name: string) => string | null;
  readonly part: (name: string) => Fields;
  readonly optionalPart: (name: string) => Fields;
  /** At least one. */
  readonly parts: (name: string) => readonly Fields[];
  readonly has: (name: string) => boolean;
  /** Whether the field is there, be it empty. */
  readonly names: (name: string) => boolean;
  /** Adds a fault about a field of this mapping. */
  readonly fault: (name: string, sentence: string) => void;
  /** Everything has been asked for: what else is there is a mistake. */
  readonly end: () => void;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @param path of the mapping in the file, with a dot at its end: `target.` */
export function fieldsOf(value: unknown, path: string, directory: string, faults: Faults): Fields {
  const record: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  const asked = new Set<string>();
  const fault = (name: string, sentence: string): void => void faults.push(`${path}${name}: ${sentence}`);
  const given = (name: string): unknown => {
    asked.add(name);
    return record[name] ?? undefined;
  };
  const optionalText = (name: string): string | null => {
    const field = given(name);
    if (field === undefined) return null;
    if (typeof field === 'string' && field !== '') return field;
    fault(
      name,
      typeof field === 'number' ? 'must be a text: put it in quotes.' : 'must be a text that is not empty.',
    );
    return '';
  };
  const text = (name: string, fallback?: string): string => {
    const field = optionalText(name) ?? fallback;
    if (field === undefined) fault(name, 'is missing.');
    return field ?? '';
  };
  const absolute = (file: string): string => (file === '' || isAbsolute(file) ? file : join(directory, file));
  const optionalUrl = (name: string): string | null => {
    const field = optionalText(name);
    const wrong = field === null || field === '' ? null : faultOfUrl(field);
    if (wrong !== null) fault(name, wrong);
    return field?.replace(/\/+$/u, '') ?? null;
  };
  return {
    text,
    optionalText,
    oneOf: (name, choices, fallback) => {
      const field = text(name, fallback);
      const chosen = choices.find((choice) => choice === field);
      if (chosen === undefined && field !== '') fault(name, `"${field}" is none of ${choices.join(', ')}.`);
      return chosen ?? fallback;
    },
    whole: (name, least, most, fallback) => {
      const field = given(name) ?? fallback;
      if (typeof field === 'number' && Number.isInteger(field) && field >= least && field <= most)
        return field;
      fault(name, `must be a whole number between ${least} and ${most}.`);
      return fallback;
    },
    duration: (name, leastMs, mostMs, fallbackMs) => {
      const field = optionalText(name);
      if (field === null || field === '') return fallbackMs;
      const [, number, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/u.exec(field) ?? [];
      const ms = Number(number) * (unitMs[unit] ?? Number.NaN);
      if (ms >= leastMs && ms <= mostMs) return ms;
      fault(
        name,
        `"${field}" must be a time between ${timeText(leastMs)} and ${timeText(mostMs)}, like 500ms, 5s, 15m, 2h or 7d.`,
      );
      return fallbackMs;
    },
    branch: (name, fallback) => {
      const field = text(name, fallback);
      if (field !== '' && !isBranch(field))
        fault(
          name,
          `"${field}" must be names with a slash between them, none at its ends, and no "." or "..".`,
        );
      return field;
    },
    file: (name) => absolute(text(name)),
    optionalFile: (name) => {
      const field = optionalText(name);
      return field === null ? null : absolute(field);
    },
    url: (name) => {
      if (given(name) === undefined) fault(name, 'is missing.');
      return optionalUrl(name) ?? '';
    },
    optionalUrl,
    part: (name) => {
      const field = given(name);
      if (!isMapping(field))
        fault(name, field === undefined ? 'is missing.' : 'must be a mapping of names and values.');
      return fieldsOf(field, `${path}${name}.`, directory, isMapping(field) ? faults : []);
    },
    optionalPart: (name) => {
      const field = given(name);
      if (field !== undefined && !isMapping(field)) fault(name, 'must be a mapping of names and values.');
      return fieldsOf(field, `${path}${name}.`, directory, faults);
    },
    parts: (name) => {
      const field = given(name);
      const list: readonly unknown[] = Array.isArray(field) ? field : [];
      if (list.length === 0) fault(name, 'must be a list with at least one entry.');
      return list.map((entry, at) => fieldsOf(entry, `${path}${name}[${at}].`, directory, faults));
    },
    has: (name) => given(name) !== undefined,
    names: (name) => Object.hasOwn(record, name),
    fault,
    end: () => {
      for (const name of Object.keys(record))
        if (!asked.has(name)) fault(name, 'is not known here; check the spelling.');
    },
  };
}

/** In the greatest unit that says it in whole numbers. */
function timeText(ms: number): string {
  const unit = Object.entries(unitMs).findLast(([, size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms}ms` : `${ms / unit[1]}${unit[0]}`;
}

function isMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBranch(text: string): boolean {
  return text.split('/').every((part) => part.trim() !== '' && part !== '.' && part !== '..');
}

/** Why this is no URL of an API. One that may hold a password is not quoted. */
function faultOfUrl(text: string): string | null {
  const wanted = 'must be an https:// URL (http:// for this machine only).';
  const url = URL.parse(text);
  if (text.includes('@') || (url !== null && `${url.username}${url.password}` !== ''))
    return `${wanted.slice(0, -1)}, without a user or password in it.`;
  if (url === null || text.includes('?') || text.includes('#')) return `"${text}" ${wanted}`;
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && isHere) ? null : `"${text}" ${wanted}`;
}
