import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jsonText } from './json-text.ts';

test('JSON steers no terminal, and is read as what it was written from', () => {
  const value = { id: '\u001b[31m\u009b31m\u007f\u202e', tag: '\u{e0041}', word: 'é 😀' };
  const text = jsonText(value);
  assert.deepEqual(JSON.parse(text), value);
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
  assert.ok(text.includes('é 😀'));
});
