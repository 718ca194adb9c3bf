import * as fc from 'fast-check';
import { resourceKinds } from '../../src/core/ids.ts';
import type { Route } from '../../src/server/http/route.ts';
import { v2MediaType } from '../../src/server/http/media-types.ts';
import { isV2 } from '../../src/server/openapi/document.ts';
import { anyBody } from './bodies.ts';
import { pathOf } from './paths.ts';

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
    headers: anyHeaders(route, authorizations),
    body: anyBody(route),
  });
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

function anyHeaders(route: Route, authorizations: readonly string[]): fc.Arbitrary<RawRequest['headers']> {
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
    header('Content-Type', fc.oneof(fc.constantFrom(...mediaTypes), headerText)),
    header('Accept', fc.oneof(fc.constantFrom(...mediaTypes), headerText)),
    header('Accept-Encoding', fc.oneof(fc.constantFrom('base64', 'gzip, base64', '*', ';'), headerText)),
    header('Content-Encoding', fc.constantFrom('gzip', 'base64', 'identity', 'x')),
    header(
      'X-Forwarded-For',
      fc.oneof(fc.constantFrom('10.0.0.1', '::1', '1.2.3.4, 5.6.7.8', ','), headerText),
    ),
    header('X-Holdfast-Caller-Address', headerText),
    header('X-Holdfast-Passed-On', headerText),
    header('Range', fc.constant('bytes=0-1')),
    header('Expect', fc.constant('100-continue')),
    header('X-Request-Id', headerText),
    header('User-Agent', headerText),
  );
  const version = fc.oneof(
    { weight: 9, arbitrary: fc.constant(isV2(route) ? [['Accept', v2MediaType] as const] : []) },
    { weight: 1, arbitrary: fc.constant([]) },
  );
  return fc
    .tuple(header('Authorization', authorization), version, fc.array(other, { maxLength: 4 }))
    .map(([first, accept, more]) => [
      first,
      ...accept,
      ...more.filter(([name]) => accept.length === 0 || name !== 'Accept'),
    ]);
}

function header(name: string, value: fc.Arbitrary<string>): fc.Arbitrary<readonly [string, string]> {
  return value.map((text) => [name, text] as const);
}

/** Bytes that a header may hold (RFC 9110, 5.5), UTF-8 among them. */
const headerText: fc.Arbitrary<string> = anyText.map((text) =>
  Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7E\x80-\xFF]/g, '')
    .slice(0, 5000),
);

/** A token in which something has changed. */
function damaged(authorization: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(authorization.length - 1), fc.constantFrom('', 'A', '=', '"', ' '))
    .map(([at, letter]) => `${authorization.slice(0, at)}${letter}${authorization.slice(at + 1)}`);
}
