import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitLines } from './json-lines.ts';

describe('splitting a stream into lines', () => {
  it('finds the same lines wherever the chunks end, inside a character too', () => {
    const lines = ['{"a":"ä€🜂"}', '{}', '{"b":1}'];
    const bytes = Buffer.from(`${lines.join('\n')}\n\n`);
    for (let size = 1; size <= bytes.length; size += 1) {
      const found: string[] = [];
      const take = splitLines(100, (line) => found.push(line));
      for (let at = 0; at < bytes.length; at += size) assert.ok(take(bytes.subarray(at, at + size)));
      assert.deepEqual(found, lines, `chunks of ${size}`);
    }
  });

  it('keeps an unfinished line back', () => {
    const found: string[] = [];
    splitLines(100, (line) => found.push(line))(Buffer.from('{}\n{"half'));
    assert.deepEqual(found, ['{}']);
  });

  it('says so when a line is too long, and takes nothing more', () => {
    const found: string[] = [];
    const take = splitLines(8, (line) => found.push(line));
    assert.ok(take(Buffer.from('12345678\n1234')));
    assert.equal(take(Buffer.from('56789')), false);
    assert.equal(take(Buffer.from('\n1\n')), false);
    assert.deepEqual(found, ['12345678']);
  });
});
