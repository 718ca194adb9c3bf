import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { requestPublicKey } from './node-key.ts';
import { open, seal } from './sealed-box.ts';
import { createTestAuthority } from './testing/test-authority.ts';

function keyPair(namedCurve = 'prime256v1'): { readonly publicKey: string; readonly privateKey: string } {
  return generateKeyPairSync('ec', {
    namedCurve,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

const isRefusal = (error: unknown): boolean => isProblem(error, 'sealed_box_invalid');

test('the holder of the key opens the box, addressed by certificate or by request', async () => {
  await using authority = await createTestAuthority();
  const node = await authority.node('n1');
  const dataKey = randomBytes(32);
  for (const recipient of [node.certPem, await requestPublicKey(node.requestPem)]) {
    assert.deepEqual(
      open(node.keyPem, seal(recipient, dataKey, 'data-key/test/n1'), 'data-key/test/n1'),
      dataKey,
    );
  }
});

test('takes a content of any small size, and the same one never gives the same box', () => {
  const { publicKey, privateKey } = keyPair();
  for (const size of [0, 1, 16, 3_000]) {
    const content = randomBytes(size);
    assert.deepEqual(open(privateKey, seal(publicKey, content, 'c'), 'c'), content);
  }
  assert.notEqual(seal(publicKey, Buffer.alloc(32), 'c'), seal(publicKey, Buffer.alloc(32), 'c'));
  assert.throws(() => seal(publicKey, Buffer.alloc(70_000), 'c'), isRefusal);
});

test('refuses a box of which any byte was altered', () => {
  const { publicKey, privateKey } = keyPair();
  const box = Buffer.from(seal(publicKey, randomBytes(32), 'c'), 'base64url');
  for (let at = 0; at < box.length; at++) {
    const altered = Buffer.from(box);
    altered.writeUInt8(altered.readUInt8(at) ^ 0x01, at);
    assert.throws(() => open(privateKey, altered.toString('base64url'), 'c'), isRefusal, `byte ${at}`);
  }
  for (const length of [0, 1, 65, 80, box.length - 1]) {
    assert.throws(() => open(privateKey, box.subarray(0, length).toString('base64url'), 'c'), isRefusal);
  }
});

test('refuses another context and another key', () => {
  const [ours, theirs] = [keyPair(), keyPair()];
  const box = seal(ours.publicKey, randomBytes(32), 'data-key/prod/n1');
  assert.throws(() => open(ours.privateKey, box, 'data-key/prod/n2'), isRefusal);
  assert.throws(() => open(theirs.privateKey, box, 'data-key/prod/n1'), isRefusal);
});

test('refuses keys on other curves and text that is no key', () => {
  const isBadKey = (error: unknown): boolean => isProblem(error, 'certificate_invalid');
  assert.throws(() => seal(keyPair('secp384r1').publicKey, Buffer.alloc(1), 'c'), isBadKey);
  assert.throws(() => seal('nonsense', Buffer.alloc(1), 'c'), isBadKey);
  const box = seal(keyPair().publicKey, Buffer.alloc(1), 'c');
  assert.throws(() => open('nonsense', box, 'c'), isBadKey);
});
