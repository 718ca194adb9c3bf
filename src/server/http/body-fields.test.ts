import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isStorable } from './body-fields.ts';

it('tells what PostgreSQL can store from what it cannot, and is not taken in by backslashes', () => {
  for (const text of ['plain', '\\u0000', '\\\\ud800', 'ü 🦊', '\\', ''])
    assert.ok(isStorable({ a: [text] }), text);
  for (const text of ['\0', '\\\0', '\ud800', 'x\udc00y', '\\\\\ud83d'])
    assert.ok(!isStorable({ [text]: 1 }), text);
});

it('answers for what is nested deeper than the stack', () => {
  assert.ok(!isStorable(JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`), 100));
});
