/** A value, or a sentence about what is wrong with it. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

export type Fields = Readonly<Record<string, unknown>>;

export function wrong(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is wrong with a field that is a text; null: nothing. A field that is absent is right unless it is required. */
export function textFault(
  name: string,
  value: unknown,
  rule: { readonly required?: boolean; readonly limit?: number; readonly pattern?: RegExp },
): string | null {
  if (value === undefined || value === null || (rule.required === true && value === '')) {
    return rule.required === true ? `Missing required parameter: ${name}` : null;
  }
  if (typeof value !== 'string') return `The ${name} parameter must be of type=string`;
  if (rule.limit !== undefined && value.length > rule.limit) {
    return `'${name}' parameter length exceeded. Limit the length to ${rule.limit} characters`;
  }
  if (rule.limit !== undefined && value === '') return `'${name}' parameter length is less than 1 characters`;
  return rule.pattern?.test(value) === false ? `Invalid '${name}' parameter.` : null;
}

/** A sentence about the fields that nobody asked for; null: there are none. */
export function unexpected(fields: Fields, known: readonly string[]): string | null {
  const strangers = Object.keys(fields).filter((name) => !known.includes(name));
  return strangers.length === 0
    ? null
    : `The following parameters were not expected: ${strangers.join(', ')}`;
}
