import * as fc from 'fast-check';
import { anyText } from './texts.ts';

const tags = [
  'user',
  'group',
  'layer',
  'host',
  'host-factory',
  'host_factory',
  'variable',
  'webservice',
  'policy',
  'role',
  'resource',
  'grant',
  'revoke',
  'permit',
  'deny',
  'delete',
  'member',
  'automatic-role',
  'include',
  '!binary',
  '!js/function',
  '',
];
const fields = [
  'id',
  'account',
  'owner',
  'annotations',
  'body',
  'role',
  'roles',
  'member',
  'members',
  'privilege',
  'privileges',
  'resource',
  'resources',
  'record',
  'kind',
  'mime_type',
  'restricted_to',
  'public_key',
  'public_keys',
  'uidnumber',
  'gidnumber',
  'layers',
  'layer',
  'role_name',
  'admin',
  '__proto__',
  'constructor',
  '<<',
];

/** A scalar, in one of the ways that YAML has to write it. */
const scalar: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom(
      'x',
      'a/b',
      'alice',
      'devs',
      'data',
      '/root',
      'root',
      '10.0.0.0/8',
      'read',
      'true',
      '~',
      '1',
      '.nan',
      '0o7',
    ),
  },
  { weight: 3, arbitrary: anyText.map((text) => JSON.stringify(text)) },
  { weight: 1, arbitrary: anyText.map((text) => `'${text.replaceAll("'", "''").replaceAll(/\s/g, ' ')}'`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '*a',
      '*b',
      '"\\uD800"',
      '"\\x00"',
      '!user x',
      '!!int "9"',
      '@',
      '`',
      '{',
      ']',
      '%',
      '\t',
    ),
  },
);

const { node } = fc.letrec<{ node: string; flow: string; statement: string }>((tie) => ({
  flow: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.tuple(tag(), scalar).map(([name, text]) => `${name}${text}`),
    fc.tuple(anchor(), tag(), pairs(tie('flow'))).map(([mark, name, list]) => `${mark}${name}{ ${list} }`),
    fc
      .tuple(anchor(), fc.array(tie('flow'), { maxLength: 4 }))
      .map(([mark, list]) => `${mark}[ ${list.join(', ')} ]`),
  ),
  statement: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.tuple(tag(), pairs(tie('flow'))).map(([name, list]) => `- ${name}{ ${list} }`),
    },
    { weight: 2, arbitrary: fc.tuple(tag(), scalar).map(([name, text]) => `- ${name}${text}`) },
    { weight: 1, arbitrary: tie('flow').map((text) => `- ${text}`) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tag(), fc.constantFrom(...fields), tie('flow'))
        .map(([name, field, text]) => `- ${name}\n  ${field}: ${text}`),
    },
  ),
  node: fc.array(tie('statement'), { maxLength: 6 }).map((list) => list.join('\n')),
}));

function tag(): fc.Arbitrary<string> {
  return fc.constantFrom(...tags).map((name) => (name === '' ? '' : `!${name} `));
}

function anchor(): fc.Arbitrary<string> {
  return fc.constantFrom('', '', '', '&a ', '&b ');
}

function pairs(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(fc.constantFrom(...fields), value), { maxLength: 4 })
    .map((list) => list.map(([name, text]) => `${name}: ${text}`).join(', '));
}

/** An identifier that may stand in a good policy. */
const goodId: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('x', 'y', 'z', 'a/b', 'db/password', 'plain', 'sub') },
  { weight: 1, arbitrary: anyText.map((text) => JSON.stringify(text)) },
);

const plainTag = fc.constantFrom('user', 'group', 'layer', 'host', 'variable', 'webservice', 'policy');

/** A statement that the language allows, whether what it names exists or not. */
const goodStatement: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(plainTag, goodId).map(([name, id]) => `- !${name} ${id}`),
  fc
    .tuple(plainTag, goodId, scalar)
    .map(([name, id, text]) => `- !${name} { id: ${id}, annotations: { note: ${text} } }`),
  fc
    .tuple(fc.constantFrom('user', 'host'), goodId, scalar)
    .map(([name, id, text]) => `- !${name} { id: ${id}, restricted_to: ${text} }`),
  fc.tuple(goodId, scalar).map(([id, text]) => `- !user { id: ${id}, public_keys: [ ${text} ] }`),
  fc
    .tuple(goodId, plainTag, goodId)
    .map(([id, name, inner]) => `- !policy { id: ${id}, body: [ !${name} ${inner} ] }`),
  fc
    .tuple(goodId, goodId)
    .map(([a, b]) => `- !group ${a}\n- !group ${b}\n- !grant { role: !group ${a}, member: !group ${b} }`),
  fc
    .tuple(goodId, scalar)
    .map(
      ([id, text]) =>
        `- !variable ${id}\n- !permit { role: !user /alice, privilege: ${text}, resource: !variable ${id} }`,
    ),
  fc.tuple(plainTag, goodId).map(([name, id]) => `- !delete { record: !${name} ${id} }`),
  fc
    .tuple(goodId, goodId)
    .map(([a, b]) => `- !layer ${a}\n- !host-factory { id: ${b}, layers: [ !layer ${a} ] }`),
);

/** The text of a policy: good ones, near misses, and anything. */
export const policyText: fc.Arbitrary<string> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(goodStatement, { minLength: 1, maxLength: 4 }).map((list) => list.join('\n')),
  },
  { weight: 5, arbitrary: node },
  { weight: 1, arbitrary: anyText },
);
