/**
 * What names, paths and annotations of version 2 may be, and the sentences that say what is wrong: those that Conjur's
 * validations make, since clients show them.
 */

/** A value, or the sentence that refuses it. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

const nameLengthMax = 60;
const pathLengthMax = 500;
const identifierDepthMax = 15;
const identifierLengthMax = 950;
const annotationLengthMax = 120;

const namePattern = /^[A-Za-z0-9_-]+$/;
const pathPattern = /^[A-Za-z0-9/_-]+$/;
const userPathPattern = /^[A-Za-z0-9@/_-]+$/;
const annotationPattern = /^[^<>']+$/;

/** What is wrong with the name of a branch. */
export function nameFaults(name: string): readonly string[] {
  return [
    ...(name.length > nameLengthMax ? [tooLong('Name', nameLengthMax)] : []),
    ...(namePattern.test(name) ? [] : [`Name Wrong name '${name}'`]),
  ];
}

/** What is wrong with the path of a branch. */
export function branchFaults(path: string): readonly string[] {
  return pathPattern.test(path) ? [] : [`Branch Wrong path '${path}'`];
}

/** What is wrong with a role that is named by kind and id. @param called what the role is to be, such as `owner` */
export function roleFaults(
  kinds: readonly string[],
  called: string,
  { kind, id }: { readonly kind: string; readonly id: string },
): readonly string[] {
  const pattern = kind === 'user' ? userPathPattern : pathPattern;
  return [
    ...(isBlank(kind) ? ["Kind can't be blank"] : []),
    ...(kinds.includes(kind) ? [] : [`Kind '${kind}' is not a valid ${called} kind`]),
    ...(isBlank(id) ? ["Id can't be blank"] : []),
    ...(pattern.test(id) ? [] : [`Id Wrong path '${id}'`]),
    ...(id === '' ? ['Id is too short (minimum is 1 character)'] : []),
    ...(id.length > pathLengthMax ? [tooLong('Id', pathLengthMax)] : []),
  ];
}

/** Why an identifier is too deep or too long; null when it is not. Such a refusal stands alone. */
export function identifierFault(identifier: string): string | null {
  const depth = identifier.replace(/^\//, '').replace(/\/$/, '').split('/').length;
  if (depth > identifierDepthMax) {
    return `The number of identifier nesting exceeds maximum depth of ${identifierDepthMax}`;
  }
  return identifier.length > identifierLengthMax
    ? `Identifier exceeds maximum length of ${identifierLengthMax} characters`
    : null;
}

/** What is wrong with an annotation. */
export function annotationFaults(name: string, value: unknown): readonly string[] {
  const field = inWords(name);
  const faults = [
    ...(annotationPattern.test(name) ? [] : [`${field} annotation key format error '${name}'`]),
    ...lengthFaults(name).map((limit) => `${field} annotation key length cannot exceeded ${limit}`),
  ];
  if (typeof value !== 'string') {
    return [...faults, `${field} should have string value but got ${asText(value)}`];
  }
  return [
    ...faults,
    ...(annotationPattern.test(value) ? [] : [`${field} annotation value format error`]),
    ...lengthFaults(value).map((limit) => `${field} annotation value length cannot exceeded ${limit}`),
  ];
}

/** Sentences as one: `a`, `a and b`, `a, b, and c`. */
export function sentenceOf(parts: readonly string[]): string {
  if (parts.length < 3) return parts.join(' and ');
  return `${parts.slice(0, -1).join(', ')}, and ${parts.at(-1) ?? ''}`;
}

/** Whether a text says nothing. */
export function isBlank(text: string): boolean {
  return text.trim() === '';
}

/** The limits that a text lies outside of, of 1 and 120. */
function lengthFaults(text: string): readonly number[] {
  if (text.length === 0) return [1];
  return text.length > annotationLengthMax ? [annotationLengthMax] : [];
}

function tooLong(field: string, most: number): string {
  return `${field} is too long (maximum is ${most} characters)`;
}

/** A key as the beginning of a sentence: `my_key_id` is `My key`. */
function inWords(key: string): string {
  const words = key
    .replaceAll('.', '_')
    .replace(/^_+/, '')
    .replace(/_id$/, '')
    .replaceAll('_', ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return JSON.stringify(value).slice(0, annotationLengthMax);
}
