import fc from 'fast-check';
import { resourceKinds } from '../../src/core/ids.ts';
import type { Route } from '../../src/server/http/route.ts';
import { knownIds, knownNames } from './fuzz-server.ts';
import { policyText } from './policies.ts';
import type { RawRequest } from './send-raw.ts';
import { anyEncoded, anyText } from './texts.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND'];
const queryNames = [
  'limit',
  'offset',
  'count',
  'search',
  'kind',
  'kind[]',
  'role',
  'member',
  'filter[]',
  '__proto__',
  'a[b][c]',
];
const mediaTypes = [
  'application/json',
  'application/x-www-form-urlencoded',
  'application/x-yaml',
  'text/plain',
  'text\\plain',
  '',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'application/x.secretsmgr.v2beta+json',
  '*/*',
  ';',
  ',',
];

/**
 * Any request for a route: mostly one that gets past the door, so that what lies behind it is reached.
 *
 * @param authorizations values of the header that let somebody in
 */
export function anyRequest(route: Route, authorizations: readonly string[]): fc.Arbitrary<RawRequest> {
  return fc.record({
    method: fc.oneof(
      { weight: 19, arbitrary: fc.constant(route.method) },
      { weight: 1, arbitrary: fc.constantFrom(...methods) },
    ),
    target: fc.tuple(pathOf(route), anyQuery(route)).map(([path, query]) => `${path}${query}`),
    headers: anyHeaders(authorizations),
    body: anyBody(route),
  });
}

/** What parts of a path are called, and what they mostly are. */
const usualParts: Readonly<Record<string, readonly string[]>> = {
  authenticator: [
    'authn-jwt',
    'authn-jwt',
    'authn-oidc',
    'authn-ldap',
    'authn-gcp',
    'authn-x',
    'authn',
    'authn-jwt%2Fci',
  ],
  service: ['ci'],
  type: ['jwt', 'authn-jwt', 'oidc', 'ldap'],
};

/** A path in which kind and identifier belong together, mostly. */
function pathOf(route: Route): fc.Arbitrary<string> {
  const patterns = route.url.split('/').slice(1);
  const kinds = patterns.includes(':kind')
    ? kindsOf(route, patterns.indexOf(':kind'))
    : Object.keys(knownIds);
  const thing = fc.constantFrom(
    ...kinds.flatMap((kind) => (knownIds[kind] ?? ['x']).map((id) => ({ kind, id }))),
  );
  return thing.chain(({ kind, id }) => {
    const parts = patterns.map((pattern) => partOf(pattern, route, kind, id));
    return fc
      .tuple(fc.tuple(...parts), fc.constantFrom('', '', '', '', '/', '//'))
      .map(([filled, end]) => `/${filled.join('/')}${end}`);
  });
}

/** Where people read a word instead (`/policies/{account}/policy/…`), that is the one kind that the route knows. */
function kindsOf({ about }: Route, index: number): readonly string[] {
  const word = about.path?.split('/')[index + 1] ?? '';
  const known = about.parts?.['kind']?.schema?.['enum'];
  if (/^\w+$/.test(word)) return [word];
  return Array.isArray(known) ? known.map(String) : resourceKinds;
}

function partOf(pattern: string, { about }: Route, kind: string, id: string): fc.Arbitrary<string> {
  if (pattern === ':account') return mostly(fc.constant('demo'));
  if (pattern === ':kind') return mostly(fc.constant(kind));
  const usual = Object.entries(usualParts).find(([name]) => new RegExp(`^:${name}\\b`).test(pattern));
  if (usual !== undefined) return mostly(fc.constantFrom(...usual[1]));
  if (!pattern.startsWith(':') && pattern !== '*') return fc.constant(pattern);
  const known = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(id, encodeURIComponent(id)) },
    { weight: 1, arbitrary: fc.constantFrom(...knownNames) },
  );
  const end = pattern === '*' && about.path?.endsWith('/authenticate') === true ? '/authenticate' : '';
  return mostly(known.map((text) => `${text}${end}`));
}

function mostly(usual: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const long = fc.array(anyEncoded, { maxLength: 4 }).map((list) => list.join('/'));
  return fc.oneof(
    { weight: 16, arbitrary: usual },
    { weight: 2, arbitrary: anyEncoded },
    { weight: 1, arbitrary: long },
    { weight: 1, arbitrary: anyEncoded.map((text) => `${text}/authenticate`) },
  );
}

function anyQuery({ about }: Route): fc.Arbitrary<string> {
  const names = [...Object.keys(about.query ?? {}), ...Object.keys(about.query ?? {}), ...queryNames];
  const name = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: anyEncoded },
  );
  const ids = fc.constantFrom(...resourceKinds).map((kind) => `demo:${kind}:data`);
  const value = fc.oneof({ weight: 6, arbitrary: anyEncoded }, { weight: 1, arbitrary: ids });
  const pair = fc
    .tuple(name, fc.constantFrom('=', '=', '=', ''), value)
    .map(([key, is, text]) => `${key}${is}${is && text}`);
  return fc.array(pair, { maxLength: 4 }).map((pairs) => (pairs.length === 0 ? '' : `?${pairs.join('&')}`));
}

function anyHeaders(authorizations: readonly string[]): fc.Arbitrary<RawRequest['headers']> {
  const authorization = fc.oneof(
    { weight: 24, arbitrary: fc.constantFrom(...authorizations) },
    { weight: 1, arbitrary: fc.constantFrom(...authorizations).chain(damaged) },
    { weight: 1, arbitrary: anyText.map((text) => `Token token="${Buffer.from(text).toString('base64')}"`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(anyText, anyText)
        .map((pair) => `Basic ${Buffer.from(pair.join(':')).toString('base64')}`),
    },
    { weight: 1, arbitrary: headerText },
  );
  const other = fc.oneof(
    pair('Content-Type', fc.oneof(fc.constantFrom(...mediaTypes), headerText)),
    pair('Accept', fc.oneof(fc.constantFrom(...mediaTypes), headerText)),
    pair('Accept-Encoding', fc.oneof(fc.constantFrom('base64', 'gzip, base64', '*', ';'), headerText)),
    pair('Content-Encoding', fc.constantFrom('gzip', 'base64', 'identity', 'x')),
    pair(
      'X-Forwarded-For',
      fc.oneof(fc.constantFrom('10.0.0.1', '::1', '1.2.3.4, 5.6.7.8', ','), headerText),
    ),
    pair('X-Holdfast-Caller-Address', headerText),
    pair('X-Holdfast-Passed-On', headerText),
    pair('Range', fc.constant('bytes=0-1')),
    pair('Expect', fc.constant('100-continue')),
    pair('X-Request-Id', headerText),
    pair('User-Agent', headerText),
  );
  return fc
    .tuple(pair('Authorization', authorization), fc.array(other, { maxLength: 4 }))
    .map(([first, more]) => [first, ...more]);
}

function pair(name: string, value: fc.Arbitrary<string>): fc.Arbitrary<readonly [string, string]> {
  return value.map((text) => [name, text] as const);
}

/** Bytes that a header may hold (RFC 9110, 5.5), UTF-8 among them. */
const headerText: fc.Arbitrary<string> = anyText.map((text) =>
  Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[\0-\x08\x0A-\x1F\x7F]/g, '')
    .slice(0, 5000),
);

/** A token in which something has changed. */
function damaged(authorization: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(authorization.length - 1), fc.constantFrom('', 'A', '=', '"', ' '))
    .map(([at, letter]) => `${authorization.slice(0, at)}${letter}${authorization.slice(at + 1)}`);
}

function anyBody({ about }: Route): fc.Arbitrary<Uint8Array> {
  const field = fc.constantFrom(
    'id',
    'host_factory',
    'expiration',
    'count',
    'cidr',
    'cidr[]',
    'annotations',
    'enabled',
    'jwt',
    'name',
    'branch',
    'owner',
    'kind',
    'type',
    'max_ttl',
    'data',
    'csr',
    'ttl',
    '__proto__',
  );
  const fieldValue = fc.oneof(
    anyText,
    fc.integer(),
    fc.constant(null),
    fc.boolean(),
    fc.array(anyText, { maxLength: 3 }),
    fc.object({ maxDepth: 2 }),
  );
  const json = fc.oneof(
    fc.dictionary(field, fieldValue).map((value) => JSON.stringify(value)),
    fc.json(),
  );
  const form = fc
    .array(fc.tuple(field, anyText), { maxLength: 5 })
    .map((pairs) =>
      new URLSearchParams(
        pairs.map(([name, text]): [string, string] => [name, text.toWellFormed()]),
      ).toString(),
    );
  const bytes = fc.uint8Array({ maxLength: 100 });
  const takesPolicy = 'application/x-yaml' in (about.body?.content ?? {});
  const text = takesPolicy ? policyText : fc.oneof(anyText, json, form);
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(new Uint8Array()) },
    { weight: 8, arbitrary: text.map((one) => Buffer.from(one)) },
    { weight: 1, arbitrary: bytes },
  );
}
