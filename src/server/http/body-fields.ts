import type { FastifyRequest } from 'fastify';
import { isUtf8 } from 'node:buffer';
import { Problem } from '../../core/problem.ts';
import { bodyBytes } from './parameters.ts';

/** The fields of a body. Of a form every value is a text, or a list of texts where a name ends in `[]`. */
export type BodyFields = Readonly<Record<string, unknown>>;

/** A NUL, or one half of a surrogate pair (JSON can escape it) without the other. */
// oxlint-disable-next-line no-control-regex -- a NUL is what is looked for
const unstorableText = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/**
 * The fields of a body: of JSON when the Content-Type says so, else of a form (`cidr[]=a&cidr[]=b` and `cidr=a` alike).
 * No body is no fields.
 *
 * @throws Problem `request_malformed` when it is neither, or cannot be stored
 */
export function bodyFields(request: FastifyRequest): BodyFields {
  const bytes = bodyBytes(request);
  if (bytes.length === 0) return {};
  if (!isUtf8(bytes)) throw malformed('is no UTF-8 text');
  const body = bytes.toString();
  const fields = isJson(request) ? jsonFields(body) : formFields(body);
  if (!isStorable(fields)) throw malformed(unstorable);
  return fields;
}

/** What is wrong with a body that is not storable. */
export const unstorable = 'holds a NUL or half a surrogate pair, or nests too deep: it cannot be stored';

/**
 * Whether PostgreSQL can store the texts of a value read from JSON. Looks without recursion: a body may be nested as deeply
 * as it is long.
 *
 * @param depthLimit levels of lists and objects within each other, where it shall be stored as it is
 */
export function isStorable(fields: unknown, depthLimit: number = Number.POSITIVE_INFINITY): boolean {
  const left: { readonly value: unknown; readonly depth: number }[] = [{ value: fields, depth: 0 }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value, depth } = next;
    if (typeof value === 'string' && unstorableText.test(value)) return false;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= depthLimit) return false;
    for (const [name, inner] of Object.entries(value)) {
      left.push({ value: name, depth }, { value: inner, depth: depth + 1 });
    }
  }
  return true;
}

/**
 * The fields of the query and of the body, as one: where both name a field, the body has its way.
 *
 * @throws Problem `request_malformed`
 */
export function requestFields(request: FastifyRequest): BodyFields {
  const url = request.raw.url ?? '';
  const mark = url.indexOf('?');
  const query = mark === -1 ? {} : formFields(url.slice(mark + 1));
  return { ...query, ...bodyFields(request) };
}

/** The body as a JSON object, whatever its Content-Type says. @throws Problem `request_malformed` */
export function jsonFields(body: string): BodyFields {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw malformed('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('is no JSON object');
  return { ...value };
}

/** A field that is a text; null when it is absent or empty. @throws Problem `argument_invalid` */
export function textField(fields: BodyFields, name: string): string | null {
  const value = fields[name];
  if (value === undefined || value === null || value === '') return null;
  if (typeof value !== 'string') throw new Problem('argument_invalid', `${name}: is not a text`);
  return value;
}

/** A field that is one text or several. @throws Problem `argument_invalid` */
export function textsField(fields: BodyFields, name: string): readonly string[] {
  const value = fields[name];
  const list: readonly unknown[] = Array.isArray(value)
    ? value
    : value === undefined || value === null
      ? []
      : [value];
  return list.map((entry) => {
    if (typeof entry !== 'string') throw new Problem('argument_invalid', `${name}: is no list of texts`);
    return entry;
  });
}

function isJson(request: FastifyRequest): boolean {
  return /^application\/([\w.+-]+\+)?json\b/i.test(request.headers['content-type'] ?? '');
}

function formFields(body: string): BodyFields {
  const fields: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of new URLSearchParams(body)) {
    if (!name.endsWith('[]')) {
      fields[name] = value;
      continue;
    }
    const plain = name.slice(0, -2);
    const known = fields[plain];
    if (Array.isArray(known)) known.push(value);
    else fields[plain] = [value];
  }
  return fields;
}

function malformed(why: string): Problem {
  return new Problem('request_malformed', `The body ${why}.`);
}
