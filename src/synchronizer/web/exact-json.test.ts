import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isProblem } from '../../core/problem.ts';
import { exactText, parseExactly } from './exact-json.ts';

test('numbers come through as they are written', () => {
  const text = '{"n":12345678901234567890,"f":1.10,"e":1e999,"o":[{"id":9007199254740993,"-":-0}],"z":null}';
  assert.equal(exactText(parseExactly(text)), text);
});

test('all else comes through as JSON.parse and JSON.stringify bring it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.deepEqual(JSON.parse(exactText(parseExactly(text))), JSON.parse(text));
    }),
  );
});

test('a value that is nested without end is refused, and no stack overflows', () => {
  const nested = `${'['.repeat(1000)}${']'.repeat(1000)}`;
  assert.throws(
    () => exactText(parseExactly(nested)),
    (error) => isProblem(error, 'source_refused'),
  );
});
