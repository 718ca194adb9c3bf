import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readJwtSettings } from './jwt-settings.ts';

const service = { account: 'demo', type: 'authn-jwt', service: 'ci' };
const read = (values: Readonly<Record<string, string | null>>) =>
  readJwtSettings(service, new Map(Object.entries(values)));
const fault = (values: Readonly<Record<string, string | null>>): string => {
  const reading = read({ 'jwks-uri': 'https://keys.example', ...values });
  return reading.ok ? 'none' : reading.message;
};

describe('settings of authn-jwt', () => {
  it('are read from variables', () => {
    const reading = read({
      'provider-uri': 'https://id.example',
      'ca-cert': 'PEM',
      'token-app-property': 'a/b',
      'identity-path': 'apps/',
      issuer: 'https://id.example',
      audience: 'conjur',
      'enforced-claims': 'a, b/c',
      'claim-aliases': 'team:a, zone : b/c',
    });
    assert.ok(reading.ok);
    assert.deepEqual(reading.value, {
      source: { kind: 'provider-uri', uri: 'https://id.example', caCert: 'PEM' },
      tokenAppProperty: 'a/b',
      identityPath: 'apps',
      issuer: 'https://id.example',
      audience: 'conjur',
      enforcedClaims: ['a', 'b/c'],
      aliases: new Map([
        ['team', 'a'],
        ['zone', 'b/c'],
      ]),
    });
  });

  it('need exactly one source of keys', () => {
    const message = (values: Readonly<Record<string, string | null>>): string => {
      const reading = read(values);
      return reading.ok ? 'none' : reading.message;
    };
    assert.equal(
      message({ issuer: 'x' }),
      'CONJ00122E Invalid signing key settings: One of the following must be defined: ' +
        'jwks-uri, public-keys, or provider-uri',
    );
    assert.equal(
      message({ 'jwks-uri': 'a', 'provider-uri': 'b' }),
      'CONJ00122E Invalid signing key settings: jwks-uri and provider-uri cannot be defined simultaneously',
    );
    assert.match(message({ 'jwks-uri': 'a', 'public-keys': 'b' }), /CONJ00122E .*jwks-uri and public-keys/);
    const missing = (name: string): string =>
      `CONJ00037E Missing value for resource: demo:variable:conjur/authn-jwt/ci/${name}`;
    assert.equal(message({ 'jwks-uri': null, issuer: null }), missing('jwks-uri'));
    assert.equal(message({ 'provider-uri': ' ', 'jwks-uri': 'a' }), missing('provider-uri'));
    assert.equal(message({ 'public-keys': '{}' }), missing('issuer'));
  });

  it('have a value wherever a variable was made', () => {
    for (const name of [
      'audience',
      'claim-aliases',
      'enforced-claims',
      'identity-path',
      'token-app-property',
    ]) {
      assert.match(fault({ [name]: null }), new RegExp(`CONJ00037E .*/${name}$`));
    }
  });

  it('name claims and aliases that can be claims and aliases', () => {
    assert.match(fault({ 'token-app-property': 'a b' }), /CONJ00117E/);
    assert.match(fault({ 'token-app-property': 'a//b' }), /CONJ00117E/);
    assert.match(fault({ 'enforced-claims': 'a,$b' }), /CONJ00104E/);
    assert.match(fault({ 'enforced-claims': 'a,,b' }), /CONJ00104E/);
    assert.match(fault({ 'enforced-claims': 'a,exp' }), /CONJ00105E/);
    assert.match(fault({ 'claim-aliases': 'a' }), /CONJ00111E/);
    assert.match(fault({ 'claim-aliases': 'a:b:c' }), /CONJ00111E/);
    assert.match(fault({ 'claim-aliases': 'a/b:c' }), /CONJ00114E/);
    assert.match(fault({ 'claim-aliases': 'a$:c' }), /CONJ00104E/);
    assert.match(fault({ 'claim-aliases': 'a:iss' }), /CONJ00105E/);
    assert.match(fault({ 'claim-aliases': 'a:b,a:c' }), /CONJ00113E .*annotation name/);
    assert.match(fault({ 'claim-aliases': 'a:c,b:c' }), /CONJ00113E .*claim name/);
    assert.equal(fault({ 'claim-aliases': 'a:kubernetes.io/name' }), 'none');
  });
});
