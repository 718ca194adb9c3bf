import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { policyYaml } from '../policy/write-policy.ts';
import { resolvedOf } from '../testing/load.ts';
import { escapeName, unescapeName } from './names.ts';

/** Any text of JavaScript, halves of surrogate pairs too; what is special comes often. */
const names = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...Array.from(':/~ .-@_%+,!#&*?"\'\\{}[]|>=\n\t\0u'),
        '~3A',
        '~u',
        '..',
        'ä',
        '😀',
        '\ud83d',
        '\ude00',
        'a',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

test('letters that nobody sees are escaped, and read back', () => {
  for (const letter of ['\u3164', '\u115f', '\u1160', '\uffa0', '\u034f', '\ufe0f', '\u{e0101}']) {
    for (const name of [letter, `a${letter}b`]) {
      assert.match(escapeName(name), /^[a-b]?(?:~[0-9A-F]{2})+[a-b]?$/u);
      assert.equal(unescapeName(escapeName(name)), name);
    }
  }
  assert.equal(escapeName('cafe\u0301'), 'cafe\u0301');
});

test('plain names stay as they are', () => {
  for (const name of [
    'db',
    'Operating System-UnixSSH-10.0.0.1-root',
    'user@host',
    'a b',
    'Straße_1',
    '数据库',
  ])
    assert.equal(escapeName(name), name);
});

test('names that an id cannot carry are escaped byte by byte', () => {
  const pairs = [
    ['a:b/c', 'a~3Ab~2Fc'],
    ['~', '~7E'],
    ['~3A', '~7E3A'],
    ['-x', '~2Dx'],
    ['..', '~2E~2E'],
    ['a..b', 'a.~2Eb'],
    ['a ', 'a~20'],
    ['', '~'],
    ['€,%', '~E2~82~AC~2C~25'],
    ['\ud83d', '~uD83D'],
  ] as const;
  for (const [name, escaped] of pairs) {
    assert.equal(escapeName(name), escaped);
    assert.equal(unescapeName(escaped), name);
  }
});

test('a name comes back from its escape, and from the escape of its escape', () => {
  fc.assert(
    fc.property(names, (name) => {
      const once = escapeName(name);
      assert.equal(unescapeName(once), name);
      assert.equal(unescapeName(unescapeName(escapeName(once)) ?? ''), name);
    }),
    { numRuns: 2000 },
  );
});

test('what no name escapes to is not taken for an escape', () => {
  for (const text of ['~3', '~3a', '~41', 'a:b', '~uD83', '~FF', 'a~', '', '~u0041', '-'])
    assert.equal(unescapeName(text), null, text);
});

test('a policy carries an escaped name through unchanged', () => {
  fc.assert(
    fc.property(names, (name) => {
      const id = `${escapeName(name)}/${escapeName(name)}`;
      const text = policyYaml([{ tag: 'variable', value: id }]);
      assert.deepEqual(
        resolvedOf(text).records.map((record) => record.id),
        [`a:variable:${id}`],
      );
    }),
  );
});
