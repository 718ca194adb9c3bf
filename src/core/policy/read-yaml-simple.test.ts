import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Random, seededRandom } from '../random.ts';
import { randomPolicyText } from '../testing/random-policy.ts';
import { readSimpleYaml } from './read-yaml-simple.ts';
import type { YamlNode } from './read-yaml-node.ts';
import { readAnyYaml } from './read-yaml.ts';
import { writtenTags } from './read-tags.ts';

/** What lines are put together from: everything that means something in YAML, and what people write. */
const words = [
  ...[
    '- ',
    '-',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n    ',
    '\n- ',
    '\n  - ',
    '\n\n',
    ' # note',
    '\n  # !user\n',
    '#',
    ':',
    ': ',
    ', ',
    ',',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    '[]',
    '{}',
    '!user',
    '!policy ',
    '!user alice',
    '!host-factory ',
    '! ',
    '!!str ',
    '*a',
    '&a ',
  ],
  ...[
    '"',
    "'",
    '"a b"',
    "'it''s'",
    '"\\n"',
    '|',
    '>',
    '|-\n',
    '?',
    '? ',
    '@',
    '%',
    '`',
    '---',
    '---\n',
    '...',
    '\t',
    '\r\n',
  ],
  ...[
    'id: a',
    'body:',
    'owner: !user b',
    'a: b: c',
    'key',
    'a b',
    'a  b',
    'a:b',
    'a#b',
    'a #b',
    '~',
    'null',
    '-5',
    '-a',
    '12',
  ],
  ...[
    'roles: [a, !user b]',
    '{id: a, owner: !user b}',
    "'a': b",
    '<<: ',
    'é',
    '\u00a0',
    '\u2028',
    '/a/../b',
    'a@b',
    'http://a/',
  ],
];

function soup(random: Random): string {
  const length = 1 + random.below(14);
  return `- ${Array.from({ length }, () => random.pick(words)).join('')}${random.pick(['', '\n'])}`;
}

/** A policy that somebody's hand slipped over: a character more, one less, another indentation. */
function slipped(random: Random): string {
  const text = random.chance(2) ? blockStyle(random, 0) : randomPolicyText(random, 'modify');
  const at = random.below(text.length + 1);
  const word = random.chance(4) ? '' : random.pick(words);
  return random.chance(3) ? text : text.slice(0, at) + word + text.slice(at + random.below(3));
}

function blockStyle(random: Random, depth: number): string {
  const pad = ' '.repeat(depth * random.pick([1, 2, 2]));
  const lines = Array.from({ length: 1 + random.below(4) }, () => {
    if (depth < 3 && random.chance(3)) {
      const nested = blockStyle(random, depth + 1);
      return `${pad}- !policy\n${pad}  id: p\n${pad}  body:\n${nested.replaceAll(/^/gm, random.pick([pad, `${pad}  `]))}`;
    }
    return random.pick([
      `${pad}- !variable v${random.below(9)}`,
      `${pad}- !permit\n${pad}  role: !user u\n${pad}  privileges: [ read, execute ]\n${pad}  resources:\n${pad}  - !variable v`,
      `${pad}- !host\n${pad}  id: h\n${pad}  annotations:\n${pad}    authn/api-key: true\n${pad}    note: it is a host, no # sign`,
      `${pad}-\n${pad}  !group g   # a group`,
      `${pad}- &list-${depth}\n${pad}  - !variable a\n${pad}  - !variable b\n${pad}- !permit\n${pad}  resources: *list-${depth}\n${pad}  role: &u !user x\n${pad}- !grant {role: *u, members: [*u, !user y]}`,
      `${pad}- - !user a\n${pad}  - !user b`,
      `${pad}# a comment`,
    ]);
  });
  return lines.join('\n');
}

/** The tree, but for the places of empty values: where nothing is written, one place is as good as another. */
function placed(tree: unknown): unknown {
  return JSON.parse(
    JSON.stringify(tree, (_, node: unknown) => {
      const isEmpty = typeof node === 'object' && node !== null && 'text' in node && node.text === '';
      return isEmpty ? { ...node, at: null } : node;
    }),
  );
}

test('reads what the full parser reads, or nothing', () => {
  const seen = { read: 0, left: 0, mapping: 0 };
  for (let seed = 1; seed <= 5000; seed += 1) {
    const random = seededRandom(seed);
    const written = random.chance(3) ? soup(random) : slipped(random);
    const text = random.chance(6) ? written.replaceAll('\n', '\r\n') : written;
    const simple = readSimpleYaml(text, 20);
    if (simple === null) {
      seen.left += 1;
      continue;
    }
    seen.read += 1;
    if (text.includes('id:')) seen.mapping += 1;
    let full: unknown;
    try {
      full = readAnyYaml(text, writtenTags);
    } catch (error) {
      assert.fail(`seed ${seed}: the full parser refuses ${JSON.stringify(text)}: ${String(error)}`);
    }
    assert.deepEqual(placed(simple), placed(full), `seed ${seed}: ${JSON.stringify(text)}`);
  }
  for (const [what, times] of Object.entries(seen)) assert.ok(times > 300, `${what} only ${times} times`);
});

test('a tag stands where it is written, not where a comment behind it names it again', () => {
  const text = '- !user\n  # not a !user but\n  id: a\n- !user &a # !user\n  id: b\n';
  const places = (node: YamlNode | null): unknown =>
    node?.type === 'sequence' ? node.items.map(({ at }) => [at.line, at.column]) : null;
  for (const tree of [readSimpleYaml(text.replace('&a ', ''), 20), readAnyYaml(text, writtenTags)]) {
    assert.deepEqual(places(tree), [
      [1, 3],
      [4, 3],
    ]);
  }
});

test('leaves to the full parser what is not simple', () => {
  for (const text of [
    '',
    'a: b',
    '- &a !user a\n- &a !user a',
    '- *a',
    '- &a a: b',
    '- &a',
    '- !user &a b',
    '- &loop [*loop]',
    '- |\n  a',
    '- a\n  b',
    '- "a\\n"',
    '- ? a',
    '- !user\ta',
    '- !user a\r',
    '- {a: b, a: c}',
    '- a: b\n  a: c',
    `- ${'a'.repeat(1025)}: b`,
    `- !user\n  ${'a'.repeat(1025)}: b`,
    `${'- '.repeat(40)}a`,
    `${'['.repeat(40)}${']'.repeat(40)}`,
  ]) {
    assert.equal(readSimpleYaml(text, 20), null, JSON.stringify(text));
  }
});
