import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkRegisteredClaims, claimAt, identityOf } from './jwt-claims.ts';
import { checkRestrictions } from './jwt-restrictions.ts';
import type { JwtSettings } from './jwt-settings.ts';

const settings: JwtSettings = {
  source: { kind: 'jwks-uri', uri: 'https://keys.example', caCert: null },
  tokenAppProperty: null,
  identityPath: '',
  issuer: null,
  audience: null,
  enforcedClaims: [],
  aliases: new Map(),
};
const anybody = { issuer: null, audience: null };

describe('the claims of a token', () => {
  it('are accepted while the token is valid, to the second of its expiry', () => {
    const now = 1000;
    const check = (claims: Readonly<Record<string, unknown>>): string | undefined =>
      checkRegisteredClaims(claims, anybody, now)?.message;
    assert.equal(check({ exp: 1001 }), undefined);
    assert.equal(check({ exp: 1001, nbf: 1009, iat: 1009 }), undefined);
    assert.match(check({ exp: 1000 }) ?? '', /CONJ00016E/);
    assert.match(check({}) ?? '', /CONJ00091E .*'exp'/);
    for (const exp of ['2000', true, {}, []]) assert.match(check({ exp }) ?? '', /CONJ00035E/);
    assert.match(check({ exp: 2000, nbf: 1011 }) ?? '', /CONJ00035E .*nbf/);
    assert.match(check({ exp: 2000, iat: 1011 }) ?? '', /CONJ00035E .*iat/);
    assert.match(check({ exp: 2000, nbf: 'soon' }) ?? '', /CONJ00035E .*nbf/);
  });

  it('name the issuer and the audience that are expected, where any are', () => {
    const expected = { issuer: 'a', audience: 'b' };
    const check = (claims: Readonly<Record<string, unknown>>): string | undefined =>
      checkRegisteredClaims({ exp: 2, ...claims }, expected, 1)?.message;
    assert.equal(check({ iss: 'a', aud: 'b' }), undefined);
    assert.equal(check({ iss: 'a', aud: ['x', 'b'] }), undefined);
    assert.match(check({ iss: 'a' }) ?? '', /CONJ00091E .*'aud'/);
    assert.match(check({ aud: 'b' }) ?? '', /issuer/);
    assert.match(check({ iss: ['a'], aud: 'b' }) ?? '', /issuer/);
    assert.match(check({ iss: 'a', aud: 'bb' }) ?? '', /audience/);
    assert.match(check({ iss: 'a', aud: { b: 1 } }) ?? '', /audience/);
  });

  it('are found by path, never in what objects inherit', () => {
    assert.equal(claimAt({ a: { b: 'c' } }, 'a/b'), 'c');
    assert.equal(claimAt({ 'a/b': 'c' }, 'a/b'), 'c');
    assert.equal(claimAt({ a: 'x' }, 'a/length'), undefined);
    assert.equal(claimAt({}, 'constructor/name'), undefined);
    assert.equal(claimAt({ a: ['x'] }, 'a/0'), undefined);
  });

  it('name a host below the identity path, or leave the name to the URL', () => {
    const named = { ...settings, tokenAppProperty: 'sub', identityPath: 'apps/ci' };
    assert.deepEqual(identityOf('demo', { sub: 'web' }, named, null), {
      ok: true,
      roleId: 'demo:host:apps/ci/web',
    });
    assert.deepEqual(identityOf('demo', {}, settings, 'host/web'), { ok: true, roleId: 'demo:host:web' });
    assert.deepEqual(identityOf('demo', {}, settings, 'alice'), { ok: true, roleId: 'demo:user:alice' });
    for (const [claims, login] of [
      [{ sub: 'a\0b' }, null],
      [{ sub: 'a'.repeat(2000) }, null],
      [{ sub: ['web'] }, null],
      [{ sub: ' ' }, null],
      [{ sub: 'web' }, 'host/web'],
    ] as const) {
      assert.equal(identityOf('demo', claims, named, login).ok, false);
    }
    assert.equal(identityOf('demo', {}, settings, null).ok, false);
    assert.equal(identityOf('demo', {}, settings, 'host/').ok, false);
  });
});

describe('the annotations of a role', () => {
  const check = (
    annotations: Readonly<Record<string, string>>,
    claims: Readonly<Record<string, unknown>>,
    more: Partial<JwtSettings> = {},
  ): string | undefined =>
    checkRestrictions('ci', claims, { ...settings, ...more }, new Map(Object.entries(annotations)))?.message;

  it('hold for their service, those without a service for all that say nothing else', () => {
    const both = { 'authn-jwt/team': 'a', 'authn-jwt/ci/project': 'p', 'authn-jwt/cd/project': 'q' };
    assert.equal(check(both, { team: 'a', project: 'p' }), undefined);
    assert.match(check(both, { team: 'b', project: 'p' }) ?? '', /CONJ00049E .*'team'/);
    assert.equal(check({ ...both, 'authn-jwt/ci/team': 'b' }, { team: 'b', project: 'p' }), undefined);
    assert.match(check({ 'authn-jwt/team': 'a', 'authn-jwt/ci': 'x' }, { team: 'a' }) ?? '', /CONJ00099E/);
    assert.match(check({ 'authn-jwt/ci-2/a': 'x' }, { a: 'x' }) ?? '', /CONJ00099E/);
  });

  it('must name every enforced claim, by its alias where it has one', () => {
    const enforced = { enforcedClaims: ['project'], aliases: new Map([['team', 'project']]) };
    assert.match(check({ 'authn-jwt/ci/a': 'x' }, { a: 'x' }, enforced) ?? '', /CONJ00057E/);
    assert.equal(check({ 'authn-jwt/ci/team': 'p' }, { project: 'p' }, enforced), undefined);
    assert.match(check({ 'authn-jwt/ci/project': 'p' }, { project: 'p' }, enforced) ?? '', /CONJ00069E/);
  });

  it('equal claims that are texts, and are never empty or about what every token claims', () => {
    assert.match(check({ 'authn-jwt/ci/a': '' }, { a: '' }) ?? '', /CONJ00100E/);
    assert.match(check({ 'authn-jwt/ci/a': '1' }, { a: 1 }) ?? '', /CONJ00049E/);
    assert.match(check({ 'authn-jwt/ci/a': 'x' }, { a: ['x'] }) ?? '', /CONJ00049E/);
    assert.match(check({ 'authn-jwt/ci/a': 'x' }, {}) ?? '', /CONJ00084E/);
    assert.match(check({ 'authn-jwt/ci/iss': 'x' }, { iss: 'x' }) ?? '', /CONJ00069E/);
    assert.match(check({ 'authn-jwt/ci/a b': 'x' }, { 'a b': 'x' }) ?? '', /CONJ00119E/);
  });
});
