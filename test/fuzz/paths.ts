import * as fc from 'fast-check';
import { resourceKinds } from '../../src/core/ids.ts';
import type { Route } from '../../src/server/http/route.ts';
import { knownIds, knownNames } from './fuzz-server.ts';
import { anyEncoded } from './texts.ts';

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
  service: ['ci', 'kitchen'],
  issuer: ['x', 'y'],
  type: ['jwt', 'authn-jwt', 'oidc', 'ldap'],
};

/** A path in which kind and identifier belong together, mostly. */
export function pathOf(route: Route): fc.Arbitrary<string> {
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

function partOf(pattern: string, route: Route, kind: string, id: string): fc.Arbitrary<string> {
  if (pattern === ':account') return mostly(fc.constant('demo'));
  if (pattern === ':kind') return mostly(fc.constant(kind));
  const usual = Object.entries(usualParts).find(([name]) => new RegExp(`^:${name}\\b`).test(pattern));
  if (usual !== undefined) return mostly(fc.constantFrom(...usual[1]));
  if (!pattern.startsWith(':') && pattern !== '*') return fc.constant(pattern);
  const known = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(id, encodeURIComponent(id)) },
    { weight: 1, arbitrary: fc.constantFrom(...knownNames) },
  );
  const end = pattern === '*' ? endOf(route) : '';
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

/** What must stand behind the wildcard of a route, as people read its path: `/authenticate`, `/members/user/alice`. */
function endOf({ url, about }: Route): string {
  const parts = (about.path ?? '')
    .split('/')
    .slice(url.split('/').indexOf('*') + (url.startsWith('/:') ? 0 : 1));
  const filled = parts.map((part) => (part === '{kind}' ? 'user' : part === '{id}' ? 'alice' : part));
  return filled.map((part) => `/${part}`).join('');
}
