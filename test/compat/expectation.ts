import { isDeepStrictEqual } from 'node:util';

/** What stands in a case where a value is not known beforehand. */
export class Wildcard {
  readonly tag: 'any' | 'like' | 'absent' | 'keep' | 'part' | 'token';
  readonly operand: unknown;

  constructor(tag: Wildcard['tag'], operand: unknown) {
    this.tag = tag;
    this.operand = operand;
  }
}

/** The tags that a case may hold. */
export const wildcardTags: readonly string[] = ['any', 'like', 'absent', 'keep', 'part', 'token'];

/** Hears of what `!keep` found. */
type Keep = (name: string, value: string) => void;

/** What differs, each as a sentence that names the place; none when `actual` is what was expected. */
export function differences(expected: unknown, actual: unknown, at: string, keep: Keep): readonly string[] {
  if (expected instanceof Wildcard) return ofWildcard(expected, actual, at, keep);
  if (Array.isArray(expected)) return ofLists(expected, actual, at, keep);
  if (isMap(expected))
    return isMap(actual) ? ofMaps(expected, actual, at, keep, true) : [say(at, expected, actual)];
  return isDeepStrictEqual(expected, actual) ? [] : [say(at, expected, actual)];
}

function ofLists(expected: readonly unknown[], actual: unknown, at: string, keep: Keep): readonly string[] {
  if (!Array.isArray(actual) || actual.length !== expected.length) return [say(at, expected, actual)];
  return expected.flatMap((entry, index) => differences(entry, actual[index], `${at}[${index}]`, keep));
}

function ofMaps(
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  at: string,
  keep: Keep,
  whole: boolean,
): readonly string[] {
  const unexpected = whole ? Object.keys(actual).filter((name) => !Object.hasOwn(expected, name)) : [];
  return [
    ...unexpected.map((name) => `${at}.${name}: not expected, but is ${show(actual[name])}`),
    ...Object.entries(expected).flatMap(([name, value]) => {
      const there = Object.hasOwn(actual, name) ? actual[name] : undefined;
      return differences(value, there, `${at}.${name}`, keep);
    }),
  ];
}

function ofWildcard({ tag, operand }: Wildcard, actual: unknown, at: string, keep: Keep): readonly string[] {
  if (tag === 'absent')
    return actual === undefined ? [] : [`${at}: must not be there, but is ${show(actual)}`];
  if (actual === undefined) return [`${at}: is missing`];
  switch (tag) {
    case 'any':
      return operand === '' || typeName(actual) === operand
        ? []
        : [`${at}: ${show(actual)} is no ${String(operand)}`];
    case 'like':
      return typeof actual === 'string' && new RegExp(`^(?:${String(operand)})$`, 's').test(actual)
        ? []
        : [`${at}: ${show(actual)} is not like ${String(operand)}`];
    case 'keep':
      if (typeof actual !== 'string' && typeof actual !== 'number')
        return [`${at}: ${show(actual)} cannot be kept`];
      keep(String(operand), String(actual));
      return [];
    case 'part':
      return ofPart(operand, actual, at, keep);
    case 'token':
      return ofToken(operand, actual, at, keep);
  }
}

function ofPart(expected: unknown, actual: unknown, at: string, keep: Keep): readonly string[] {
  if (isMap(expected) && isMap(actual)) return ofMaps(expected, actual, at, keep, false);
  if (!Array.isArray(expected) || !Array.isArray(actual)) return [say(at, expected, actual)];
  return expected.flatMap((entry) => {
    const fits = actual.some((one) => differences(entry, one, at, () => undefined).length === 0);
    return fits ? [] : [`${at}: no entry is ${show(entry)} in ${show(actual)}`];
  });
}

/** The claims of an access token, decoded as the Go client does: standard base64, padded. */
function ofToken(expected: unknown, actual: unknown, at: string, keep: Keep): readonly string[] {
  const token = typeof actual === 'string' ? fromBase64OrJson(actual) : actual;
  if (!isMap(token) || !isDeepStrictEqual(Object.keys(token), ['protected', 'payload', 'signature'])) {
    return [`${at}: ${show(actual)} is no access token`];
  }
  const payload = String(token['payload']);
  const padded = /^[A-Za-z0-9+/]*={0,2}$/.test(payload) && payload.length % 4 === 0;
  if (!padded) return [`${at}.payload: is not padded standard base64`];
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64').toString());
  return ofPart(expected === '' ? {} : expected, claims, `${at}.payload`, keep);
}

function fromBase64OrJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('{') ? text : Buffer.from(text, 'base64').toString());
  } catch {
    return null;
  }
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Wildcard);
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (isMap(value)) return 'map';
  return typeof value === 'boolean' ? 'flag' : typeof value;
}

function say(at: string, expected: unknown, actual: unknown): string {
  return `${at}: expected ${show(expected)}, but is ${show(actual)}`;
}

function show(value: unknown): string {
  const text = value instanceof Wildcard ? `!${value.tag} ${show(value.operand)}` : JSON.stringify(value);
  return text === undefined ? 'missing' : text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
