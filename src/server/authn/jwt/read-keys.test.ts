import assert from 'node:assert/strict';
import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { describe, it } from 'node:test';
import { readKeys } from './read-keys.ts';

const rsa = (modulusLength: number, more: object = {}): JsonWebKey => ({
  ...generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' }),
  ...more,
});

describe('a set of keys', () => {
  const good = rsa(2048, { kid: 'good' });

  it('gives the public RSA keys that may check signatures', () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    const reading = readKeys({
      keys: [
        { ...ec, kid: 'ec' },
        { kty: 'oct', k: 'c2VjcmV0', kid: 'oct' },
        rsa(1024, { kid: 'short' }),
        { ...good, kid: 'for encryption', use: 'enc' },
        { ...good, kid: 'for another algorithm', alg: 'PS256' },
        { ...good, kid: 'huge exponent', e: 'A'.repeat(100) },
        { ...good, kid: undefined },
        { ...good, kid: 7 },
        { kty: 'RSA', kid: 'empty' },
        null,
        'text',
        { ...good, use: 'sig', alg: 'RS384' },
        rsa(2048, { kid: 'good' }),
      ],
    });
    assert.ok(reading.ok);
    assert.deepEqual([...reading.keys.keys()], ['good']);
    const key = reading.keys.get('good');
    assert.equal(key?.type, 'public');
    assert.equal(key.export({ format: 'jwk' }).n, good.n);
  });

  it('is refused when it is none, has too many keys, or none that is of use', () => {
    for (const document of [null, [], {}, { keys: {} }, { keys: [] }, { keys: Array(101).fill(good) }]) {
      assert.equal(readKeys(document).ok, false);
    }
  });
});
