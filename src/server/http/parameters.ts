import type { FastifyRequest } from 'fastify';
import { type FullId, fullId, parseFullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';

/**
 * One part of the path, decoded. A `+` stays a `+`, as in Conjur: only query strings have it for a space.
 */
export function pathPart(request: FastifyRequest, name: string): string {
  const parts = request.params;
  if (typeof parts !== 'object' || parts === null) return '';
  const value: unknown = Object.getOwnPropertyDescriptor(parts, name)?.value;
  return typeof value === 'string' ? value : '';
}

/**
 * The id that `/:account/:kind/*` names. The last part is a wildcard: clients send it with its slashes as they are, or
 * percent-encoded.
 *
 * @throws Problem `route_not_found` for another kind, an account with a slash, or an empty identifier
 */
export function idOfPath(request: FastifyRequest, isKind: (kind: string) => boolean): FullId {
  const account = accountOfPath(request);
  const kind = pathPart(request, 'kind');
  const identifier = pathPart(request, '*');
  if (!isKind(kind) || identifier === '') throw noRoute();
  return fullId(account, kind, identifier);
}

/** @throws Problem `route_not_found` */
export function accountOfPath(request: FastifyRequest): string {
  const account = pathPart(request, 'account');
  if (account === '' || /[/:]/.test(account)) throw noRoute();
  return account;
}

export function noRoute(): Problem {
  return new Problem('route_not_found', 'There is no such route.');
}

/** Whether a query key is there, with a value or without. */
export function hasQuery(request: FastifyRequest, name: string): boolean {
  return typeof request.query === 'object' && request.query !== null && Object.hasOwn(request.query, name);
}

/** The value of a query key: the last where it comes more than once; null when it is absent or empty. */
export function queryText(request: FastifyRequest, name: string): string | null {
  const value = queryTexts(request, name).at(-1);
  return value === undefined || value === '' ? null : value;
}

/** All values of a query key. */
export function queryTexts(request: FastifyRequest, name: string): readonly string[] {
  if (typeof request.query !== 'object' || request.query === null) return [];
  const value: unknown = Object.getOwnPropertyDescriptor(request.query, name)?.value;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.filter((entry) => typeof entry === 'string');
}

/**
 * A role that a query names by its full id; null when the key is absent or empty.
 *
 * @throws Problem `argument_invalid`
 */
export function queryRole(request: FastifyRequest, name: string): FullId | null {
  const text = queryText(request, name);
  if (text === null) return null;
  const id = parseFullId(text);
  if (id === null) throw new Problem('argument_invalid', `${name}: "${text}" is not account:kind:identifier`);
  return id;
}

/**
 * A full id, or the rest of one of `account` (`kind:identifier`).
 *
 * @throws Problem `argument_invalid`
 */
export function idInAccount(text: string, account: string): FullId {
  const id = parseFullId(text) ?? parseFullId(`${account}:${text}`);
  if (id === null) throw new Problem('argument_invalid', `Expected at least 2 tokens in ${text}`);
  return id;
}

/**
 * `limit` and `offset` of a list. With one of the two, the other is 10 or 0.
 *
 * @throws Problem `content_unprocessable`
 */
export function paging(request: FastifyRequest): { readonly limit: number | null; readonly offset: number } {
  const limit = wholeNumber(request, 'limit', 1, 'a positive integer');
  const offset = wholeNumber(request, 'offset', 0, 'an integer greater than or equal to 0');
  return { limit: limit ?? (offset === null ? null : 10), offset: offset ?? 0 };
}

/** The body as bytes; empty when there is none. */
export function bodyBytes(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

function wholeNumber(request: FastifyRequest, name: string, least: number, what: string): number | null {
  if (!hasQuery(request, name)) return null;
  const text = queryText(request, name) ?? '';
  if (/^(0|[1-9]\d{0,14})$/.test(text) && Number(text) >= least) return Number(text);
  throw new Problem(
    'content_unprocessable',
    `'${name}' contains an invalid value. '${name}' must be ${what}.`,
  );
}
