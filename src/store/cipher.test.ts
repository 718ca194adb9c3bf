import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { isSameSecret, newApiKey } from './api-key.ts';
import { dataKeyOf, decrypt, encrypt } from './cipher.ts';
import { readDataKey } from './data-key.ts';
import { PasswordHasher } from './password.ts';

const key = dataKeyOf(randomBytes(32));
const mismatch = (error: unknown): boolean => isProblem(error, 'data_key_mismatch');

describe('encryption at rest', () => {
  it('opens what it closed, in the layout of Conjur', () => {
    const blob = encrypt(key, Buffer.from('value'), 'a:variable:x');
    assert.equal(blob[0], 'G'.charCodeAt(0));
    assert.equal(blob.length, 1 + 16 + 12 + 5);
    assert.equal(decrypt(key, blob, 'a:variable:x').toString(), 'value');
  });

  it('uses no IV twice', () => {
    const ivs = Array.from({ length: 1000 }, () =>
      encrypt(key, Buffer.from('v'), 'a:variable:x').toString('hex', 17, 29),
    );
    assert.equal(new Set(ivs).size, ivs.length);
    assert.ok(!ivs.includes('0'.repeat(24)));
  });

  it('refuses a blob that was moved to another id, changed, cut, or closed with another key', () => {
    const blob = encrypt(key, Buffer.from('value'), 'a:variable:x');
    assert.throws(() => decrypt(key, blob, 'a:variable:y'), mismatch);
    assert.throws(() => decrypt(dataKeyOf(randomBytes(32)), blob, 'a:variable:x'), mismatch);
    assert.throws(() => decrypt(key, blob.subarray(0, 20), 'a:variable:x'), mismatch);
    const changed = Buffer.from(blob);
    changed[blob.length - 1] = (changed[blob.length - 1] ?? 0) ^ 1;
    assert.throws(() => decrypt(key, changed, 'a:variable:x'), mismatch);
  });

  it('makes keys of lower-case letters and digits, never the same, and compares them whole', () => {
    const keys = Array.from({ length: 50 }, () => newApiKey().reveal());
    assert.equal(new Set(keys).size, keys.length);
    for (const one of keys) assert.match(one, /^[0-9a-hjkmnp-tv-z]{30,56}$/);
    assert.ok(isSameSecret(Buffer.from('abc'), Buffer.from('abc')));
    assert.ok(!isSameSecret(Buffer.from('abc'), Buffer.from('abd')));
    assert.ok(!isSameSecret(Buffer.from('abc'), Buffer.from('abcd')));
  });

  it('reads the data key from a private file only', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hf-key-'));
    const path = join(directory, 'data.key');
    const refused = (error: unknown): boolean => isProblem(error, 'data_key_invalid');
    try {
      await assert.rejects(readDataKey(path), refused);
      const bytes = randomBytes(32);
      await writeFile(path, `${bytes.toString('base64')}\n`, { mode: 0o600 });
      assert.deepEqual((await readDataKey(path)).reveal().export(), bytes);
      await chmod(path, 0o640);
      await assert.rejects(readDataKey(path), refused);
      await chmod(path, 0o600);
      await writeFile(path, 'too short');
      await assert.rejects(readDataKey(path), refused);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('knows a password again, and no other', async () => {
    const hasher = new PasswordHasher();
    const stored = await hasher.hash(Buffer.from('COrrect-horse-1'));
    assert.ok(!stored.includes('horse'));
    const guesses = ['COrrect-horse-1', 'COrrect-horse-2', ''].map((guess) =>
      hasher.matches(Buffer.from(guess), stored),
    );
    assert.deepEqual(await Promise.all(guesses), [true, false, false]);
    assert.equal(await hasher.matches(Buffer.from('x'), 'no hash'), false);
  });
});
