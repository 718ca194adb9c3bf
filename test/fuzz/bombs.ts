/** A policy made to exhaust or mislead a server, and what must come of it. */
export interface Bomb {
  readonly text: string | Buffer;
  /** `refused`: a 4xx. `either`: it may be loaded too, where it is only large or odd. */
  readonly outcome: 'refused' | 'either';
  /** Why it is not refused yet. */
  readonly pending?: string;
}

const laughs = Array.from({ length: 9 }, (_, level) => `- &l${level + 1} [${`*l${level},`.repeat(10)}]`);
const megabyte = 1024 * 1024;

/** By what they hold. */
export const bombs: Readonly<Record<string, Bomb>> = {
  'a hundred thousand brackets': refused('['.repeat(100_000)),
  'a hundred thousand braces': refused('{a: '.repeat(100_000)),
  'closed brackets': refused(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
  'dashes in a row': refused('- '.repeat(50_000)),
  'complex keys in a row': refused('- ? '.repeat(5000)),
  'a staircase': refused(
    Array.from({ length: 3000 }, (_, depth) => `${' '.repeat(depth)}- !policy`).join('\n'),
  ),
  'policies in policies': refused('!policy { id: p, body: [ '.repeat(2000)),
  'a billion laughs': refused(`- &l0 [!user x]\n${laughs.join('\n')}`),
  'aliases of aliases': refused(`- &a { owner: &b !user x }\n${'- *a\n'.repeat(50_000)}`),
  'a tower of owners': refused(
    `- !grant\n  member:\n${tower('!group g', (below) => `!group { id: g, owner: ${below} }`)}  role: *t49999`,
  ),
  'a tower of policies': refused(
    `- !grant\n  member:\n${tower('!policy p', (below) => `!policy { id: p, body: [ ${below} ] }`)}- *t49999`,
  ),
  'a tower of lists': refused(
    `- !host-factory\n  id: f\n  role:\n${tower('[x]', (below) => `[ ${below} ]`)}- *t49999`,
  ),
  'annotations that repeat': refused(
    `- !host\n  id: h\n  annotations: &a\n${lines(2000, (i) => `    a${i}: b`)}${lines(5000, (i) => `- !host { id: h${i}, annotations: *a }`)}`,
  ),
  'a value that repeats': refused(
    `- !host { id: h, annotations: { a: &a ${'a/'.repeat(megabyte)} } }\n${lines(5000, (i) => `- !host { id: h${i}, annotations: { a: *a } }`)}`,
  ),
  'an anchor in itself': refused('&a [ *a ]'),
  'a merge with itself': refused('- &a { <<: *a }'),
  'a key of a megabyte': refused(`- !user { ${'k'.repeat(megabyte)}: x }`),
  'a tag of a megabyte': refused(`- !${'t'.repeat(megabyte)} x`),
  'many documents': refused('---\n'.repeat(20_000)),
  'quotes without end': refused(`- "${'a\\n'.repeat(100_000)}`),
  'a scalar of nine megabytes': refused(`- !user ${unlike(9 * megabyte)}`),
  'an id that no index holds': refused(`- !variable ${unlike(8000)}`),
  'an annotation whose name no index holds': refused(
    `- !variable { id: v, annotations: { ${unlike(8000)}: x } }`,
  ),
  'a privilege that no index holds': refused(
    `- !variable v\n- !permit { role: !user /alice, privilege: ${unlike(8000)}, resource: !variable v }`,
  ),
  'an annotation of a million words': either(
    `- !variable { id: v, annotations: { a: ${unlike(8 * megabyte).replaceAll(/.{8}/g, '$& ')} } }`,
  ),
  'bytes that are no UTF-8': refused(
    Buffer.from([0x2d, 0x20, 0x21, 0x75, 0x73, 0x65, 0x72, 0x20, 0xff, 0xfe, 0x80]),
  ),
  'a NUL': refused('- !user "a\0b"'),
  'an escaped NUL': refused('- !user "a\\0b"'),
  'half a surrogate pair': refused('- !user "\\uD800"'),
  'a policy that owns itself': refused('- !policy { id: p, owner: !policy p }'),
  'owners in a ring': refused('- !policy { id: p, owner: !policy q }\n- !policy { id: q, owner: !policy p }'),
  directives: either(`${'%TAG ! tag:x,2000:\n'.repeat(5000)}---\n- !user x`),
  'a comment of nine megabytes': either(`# ${'c'.repeat(9 * megabyte)}`),
  'a number of a hundred thousand digits': either(`- !user { id: x, uidnumber: ${'9'.repeat(100_000)} }`),
  'UTF-16': either(Buffer.from('\uFEFF- !user x', 'utf16le')),
  'an id of four thousand letters': either(`- !variable ${'i'.repeat(4096)}`),
  'an annotation of a megabyte': either(`- !variable { id: v, annotations: { a: ${'x'.repeat(megabyte)} } }`),
  'members in a ring': either(
    '- !group a\n- !group b\n- !grant { role: !group a, member: !group b }\n- !grant { role: !group b, member: !group a }',
  ),
  'a member of itself': either('- !group a\n- !grant { role: !group a, member: !group a }'),
  'a hundred thousand networks': either(
    `- !host { id: h, restricted_to: [ ${'10.0.0.0/8, '.repeat(100_000)} ] }`,
  ),
};

function refused(text: string | Buffer, pending?: string): Bomb {
  return { text, outcome: 'refused', ...(pending === undefined ? {} : { pending }) };
}

function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');
}

/** Items of a list, each with an alias of the one before. */
function tower(ground: string, floor: (below: string) => string): string {
  return lines(50_000, (i) => `  - &t${i} ${i === 0 ? ground : floor(`*t${i - 1}`)}`);
}

function either(text: string | Buffer): Bomb {
  return { text, outcome: 'either' };
}

/** Letters that compress badly: PostgreSQL measures what it indexes after compression. */
function unlike(count: number): string {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647; // Park and Miller's generator
    return (state % 36).toString(36);
  }).join('');
}
