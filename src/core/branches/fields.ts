import { isBlank } from './rules.ts';

/** The fields of a body or a query. */
export type Fields = Readonly<Record<string, unknown>>;

/** Which fields a body may have. */
export interface FieldRules {
  readonly required: readonly string[];
  /** With the names that each may hold; null: any. A plain value where an object belongs is not expected either. */
  readonly objects: Readonly<Record<string, readonly string[] | null>>;
}

/** The sentence about fields that are missing or too many; null when all is well. */
export function fieldFault(fields: Fields, { required, objects }: FieldRules): string | null {
  const given = Object.keys(fields);
  const blank = required.filter((name) => isNothing(fieldOf(fields, name)));
  if (blank.length > 0) {
    const missing = required.filter((name) => !given.includes(name));
    return `CONJ00190W Missing required parameter: ${missing.join(', ')}`;
  }
  const odd = given.filter((name) =>
    Object.hasOwn(objects, name)
      ? !isObject(fieldOf(fields, name))
      : !required.includes(name) || !isPlain(fieldOf(fields, name)),
  );
  if (odd.length > 0) return unexpected(odd);
  for (const [name, allowed] of Object.entries(objects)) {
    const inside = Object.keys(objectField(fields, name)).filter((key) => allowed?.includes(key) === false);
    if (inside.length > 0) return unexpected(inside);
  }
  return null;
}

/** The sentence about keys of a query that nobody knows; null when there are none. */
export function queryFault(keys: readonly string[], known: readonly string[]): string | null {
  const odd = [...new Set(keys)].filter((key) => !known.includes(key));
  return odd.length === 0 ? null : unexpected(odd);
}

/** A field that is an object; empty when it is not there. */
export function objectField(fields: Fields, name: string): Fields {
  const value = fieldOf(fields, name);
  return isObject(value) ? value : {};
}

/** A field as a text: numbers and truth values are written out, what is missing is empty. */
export function textOf(fields: Fields, name: string): string {
  const value = fieldOf(fields, name);
  return isPlain(value) ? String(value ?? '') : '';
}

/** What an object itself holds, not what every object inherits. */
function fieldOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function unexpected(names: readonly string[]): string {
  return `Unexpected parameters: ${names.join(', ')}`;
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && isBlank(value));
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
