import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, publicDecrypt } from 'node:crypto';
import { describe, it } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import type { SigningKey } from '../../store/signing-key.ts';
import { expiryOf, parseToken, signToken, verifyToken } from './slosilo.ts';

function newKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    privateKey: new Secret(privateKey),
    publicKey,
    fingerprint: createHash('sha256').update(spki).digest('hex'),
  };
}

const key = newKey();
const claims = { iat: 1_700_000_000, sub: 'host/app', exp: 1_700_000_480 };

describe('access tokens', () => {
  it('come back as they were signed', () => {
    assert.deepEqual(verifyToken(key, signToken(key, claims)), claims);
  });

  it('have the layout of slosilo: padded url-safe base64, and a bare digest under PKCS#1 type 1 with its salt', () => {
    const token = signToken(key, claims);
    for (const part of [token.protected, token.payload, token.signature]) {
      assert.equal(part.length % 4, 0);
      assert.match(part, /^[\w-]+=*$/);
    }
    assert.deepEqual(Object.keys(JSON.parse(Buffer.from(token.payload, 'base64').toString())), [
      'iat',
      'sub',
      'exp',
    ]);
    const signature = Buffer.from(token.signature, 'base64url');
    assert.equal(signature.length, 288);
    const salt = signature.subarray(256);
    const digest = createHash('sha256').update(salt).update(`${token.protected}.${token.payload}`).digest();
    const { RSA_PKCS1_PADDING: padding } = constants;
    assert.deepEqual(publicDecrypt({ key: key.publicKey, padding }, signature.subarray(0, 256)), digest);
  });

  it('are refused when any part was changed, or another key signed them', () => {
    const token = signToken(key, claims);
    const other = signToken(key, { ...claims, sub: 'admin' });
    const changed = [
      { ...token, payload: other.payload },
      { ...token, signature: other.signature },
      { ...token, signature: token.signature.slice(0, 100) },
      { ...token, protected: Buffer.from('{"alg":"none"}').toString('base64') },
      signToken(newKey(), claims),
    ];
    for (const wrong of changed) {
      assert.throws(
        () => verifyToken(key, wrong),
        (error) => isProblem(error, 'token_invalid'),
      );
    }
  });

  it('live for eight minutes when they do not say', () => {
    assert.equal(expiryOf({ iat: 100, sub: 'x' }), 580);
  });

  it('are null when the text is no token', () => {
    for (const text of ['', 'null', '[]', '{}', '{"protected":1,"payload":"","signature":""}']) {
      assert.equal(parseToken(text), null);
    }
  });
});
