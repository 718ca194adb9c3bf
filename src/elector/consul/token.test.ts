import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../core/secret.ts';
import { readToken } from './token.ts';

test('the token of the file counts, and the other where it is empty', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'hf-token-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const tokenFile = join(dir, 'token');
  const token = new Secret('said');
  writeFileSync(tokenFile, 'written\n');
  const source = readToken({ token, tokenFile });
  assert.equal(source.current(), 'written');
  writeFileSync(tokenFile, '');
  assert.equal(source.refresh(), true);
  assert.equal(source.current(), 'said');
  assert.equal(readToken({ token, tokenFile: null }).current(), 'said');
  assert.equal(readToken({ token: null, tokenFile: null }).current(), null);
});
