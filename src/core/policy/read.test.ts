import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { statementsOf } from '../testing/load.ts';
import { describeFault } from './describe-fault.ts';
import { readPolicy } from './read.ts';
import type { PolicyRecord } from './types.ts';

function onlyRecord(text: string): PolicyRecord {
  const [statement] = statementsOf(text);
  assert.ok(statement?.type === 'record');
  return statement;
}

function faultOf(text: string): string {
  const reading = readPolicy(text);
  assert.ok(!reading.ok, `expected a fault: ${text}`);
  return `${reading.fault.line}:${reading.fault.column} ${reading.fault.message}`;
}

describe('a text that is a policy', () => {
  test('keeps every field of every record', () => {
    for (const [text, expected] of [
      [
        '!user {id: u, uidnumber: 1_001, public_key: a b c, restricted_to: 10.0.0.1}',
        { tag: 'user', uidnumber: 1001, publicKeys: ['a b c'], restrictedTo: ['10.0.0.1/32'] },
      ],
      ['!user {id: u, public_keys: [a b c, d e f]}', { publicKeys: ['a b c', 'd e f'] }],
      ['!group {id: g, gidnumber: 5, account: other}', { tag: 'group', gidnumber: 5, account: 'other' }],
      [
        '!host {id: h, restricted_to: [10.0.0.0/8, [10.0.0.0/8]]}',
        { tag: 'host', restrictedTo: ['10.0.0.0/8'] },
      ],
      ['!layer l', { tag: 'layer', id: 'l' }],
      [
        '!variable {id: v, kind: password, mime_type: text/plain}',
        { tag: 'variable', kind: 'password', mimeType: 'text/plain' },
      ],
      ['!webservice w', { tag: 'webservice', id: 'w' }],
      ['!resource {kind: food, id: bacon}', { tag: 'resource', kind: 'food', id: 'bacon' }],
      ['!role {kind: job, id: cook}', { tag: 'role', kind: 'job', id: 'cook' }],
      ['!policy', { tag: 'policy', id: '', body: [] }],
      ['!variable 12', { id: '12' }],
      ['!variable {id: v, owner: , annotations: ~}', { owner: null, annotations: [] }],
    ] as const) {
      const record = onlyRecord(`- ${text}`);
      for (const [field, value] of Object.entries(expected)) {
        assert.deepEqual(record[field as keyof PolicyRecord], value, `${text}: ${field}`);
      }
    }
  });

  test('reads dashes, underscores and capitals in tags as one', () => {
    for (const tag of ['host-factory', 'host_factory', 'HostFactory']) {
      const record = onlyRecord(`- !${tag}\n  id: f\n  layers: [a, !layer b]\n  role: !user u`);
      assert.equal(record.tag, 'host_factory');
      assert.deepEqual(
        record.layers?.map(({ tag: kind, id }) => [kind, id]),
        [
          ['layer', 'a'],
          ['layer', 'b'],
        ],
      );
    }
  });

  test('reads grants, permissions and their opposites in the singular and the plural', () => {
    const statements = statementsOf(`
- !grant {role: !group g, members: [!user u, !member {role: !user v, admin: true}, {role: {kind: job, id: c}}]}
- !revoke {roles: [!group g, !layer l], member: !user u}
- !permit {role: !group g, privileges: [read, execute], resource: !variable v}
- !deny {roles: [!user u], privilege: read, resources: [!variable v, !webservice w]}
- !delete {record: !variable v}
- !delete {records: [!user u, !group g]}`);
    const [grant, revoke, permit, deny, remove, removes] = statements;
    assert.ok(grant?.type === 'grant' && revoke?.type === 'revoke');
    assert.deepEqual(
      grant.members.map(({ role, admin }) => [role.kind ?? role.tag, role.id, admin]),
      [
        ['user', 'u', false],
        ['user', 'v', true],
        ['job', 'c', false],
      ],
    );
    assert.deepEqual([revoke.roles.length, revoke.members.length], [2, 1]);
    assert.ok(permit?.type === 'permit' && deny?.type === 'deny');
    assert.deepEqual([permit.privileges, permit.resources[0]?.tag], [['read', 'execute'], 'variable']);
    assert.deepEqual([deny.privileges, deny.resources.length], [['read'], 2]);
    assert.ok(remove?.type === 'delete' && removes?.type === 'delete');
    assert.deepEqual([remove.records.length, removes.records.length], [1, 2]);
  });

  test('takes an automatic role as a reference', () => {
    for (const tag of ['automatic-role', 'managed-role', 'managed_role']) {
      const [grant] = statementsOf(
        `- !grant {role: !${tag} {record: !layer l, role_name: use_host}, member: !user u}`,
      );
      assert.ok(grant?.type === 'grant');
      assert.deepEqual([grant.roles[0]?.tag, grant.roles[0]?.roleName], ['automatic_role', 'use_host']);
    }
  });

  test('flattens nested lists and bodies, and gives each statement its place', () => {
    const statements = statementsOf('- - !user a\n  - [!user b]\n-\n  !group\n  id: c\n');
    assert.deepEqual(
      statements.map((statement) => [statement.type === 'record' ? statement.id : '', statement.at]),
      [
        ['a', { line: 1, column: 5 }],
        ['b', { line: 2, column: 6 }],
        ['c', { line: 4, column: 3 }],
      ],
    );
  });

  test('makes an alias the same record as its anchor', () => {
    const [first, grant] = statementsOf('- &u !user u\n- !grant {role: !group g, member: *u}');
    assert.ok(grant?.type === 'grant');
    assert.equal(grant.members[0]?.role, first);
  });

  test('has annotation values as text', () => {
    const record = onlyRecord(
      "- !variable {id: v, annotations: {a: yes, b: 'yes', c: 1.50, d: , 5: ~, e: False}}",
    );
    assert.deepEqual(
      record.annotations.map(({ name, value }) => [name, value]),
      [
        ['a', 'true'],
        ['b', 'yes'],
        ['c', '1.50'],
        ['d', ''],
        ['5', ''],
        ['e', 'false'],
      ],
    );
  });

  test('may leave fields empty that may be absent, and statements may be about nothing', () => {
    for (const record of ['user', 'group', 'host', 'layer', 'policy', 'variable', 'webservice']) {
      const [read] = statementsOf(`- !${record} {id: x, account: , owner: ~, annotations: null}`);
      assert.ok(read?.type === 'record' && read.owner === null && read.account === null);
    }
    const fields = {
      user: ['uidnumber', 'public_key', 'public_keys', 'restricted_to'],
      group: ['gidnumber'],
      host: ['restricted_to'],
      policy: ['body'],
      variable: ['kind', 'mime_type'],
      'host-factory': ['role'],
    };
    for (const [tag, names] of Object.entries(fields)) {
      for (const name of names) assert.equal(onlyRecord(`- !${tag}\n  id: x\n  ${name}:\n`).id, 'x', name);
    }
    const [permit, deny, grant] = statementsOf(
      '- !permit {role: !user u, privilege: , resource: !variable v}\n- !deny {privileges: ~}\n- !grant {}',
    );
    assert.ok(permit?.type === 'permit' && deny?.type === 'deny' && grant?.type === 'grant');
    assert.deepEqual([permit.privileges, deny.privileges, grant.members], [[], [], []]);
    const [plain] = statementsOf('- !grant {role: !group g, member: {role: !user u, admin: }}');
    assert.ok(plain?.type === 'grant' && plain.members[0]?.admin === false);
  });

  test('is empty when nothing but blanks and comments are there', () => {
    for (const text of ['', ' \n\n', '# nothing\n', '[]']) assert.deepEqual(statementsOf(text), [], text);
  });
});

describe('a text that is no policy', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['- !user alice\n- !usr bob', "2:3 Unrecognized data type '!usr'"],
    ['- !user\n  id: a\n  name: b', "3:3 No such attribute 'name' on type User"],
    ['- !user\n  login: a', "2:3 No such attribute 'login' on type User"],
    ['- !user\n  id: a\n  id: b', '3:3 Duplicate attribute: id'],
    ['- !user {id: a, annotations: {x: 1, x: 2}}', '1:37 Duplicate attribute: x'],
    ['- !user\n  <<: a', "2:3 No such attribute '<<' on type User"],
    ['- &a !user a\n- &a !user b', '2:6 Duplicate anchor a'],
    ['- *nobody', "1:3 Unknown anchor 'nobody'"],
    ['- &loop [*loop]', "1:10 Unknown anchor 'loop'"],
    ['!user a', '1:1 Unexpected scalar: a policy is a list of statements, each behind a dash'],
    ['id: a', '1:1 Unexpected mapping: a policy is a list of statements, each behind a dash'],
    ['- !user a\n---\n- !user b', '2:1 A policy is one YAML document, and this is a second one'],
    ['- alice', '1:3 No type given or inferred for sequence entry, got String'],
    ['- id: alice', '1:3 No type given or inferred for sequence entry'],
    ['- !member {role: !user u}', '1:3 Member is not a statement: it belongs into the field of another one'],
    ['- !grant x', "1:3 No such attribute 'id' on type Grant"],
    ['- !user {id: 12}', "1:14 Expected a string for field 'id', got Integer"],
    ['- !user {id: [a, b]}', "1:14 Expected a string for field 'id', got Array"],
    ['- !user {id: {a: b}}', "1:14 Attribute 'id' can't be a mapping"],
    ['- !user {id: a, uidnumber: "1"}', "1:28 Expected a integer for field 'uidnumber', got String"],
    ['- !user {id: a, owner: bob}', "1:24 Expected a Role for field 'owner', got String"],
    ['- !user {id: a, owner: !variable v}', "1:24 Expected a Role for field 'owner', got Variable"],
    ['- !user {id: a, annotations: [b]}', "1:30 Expected a hash for field 'annotations', got Array"],
    ['- !user {id: a, annotations: {b: {c: d}}}', "1:34 Attribute 'b' can't be a mapping"],
    [
      '- !permit {role: !user u, privilege: read, resource: !role {kind: a, id: b}}',
      "1:54 Expected a Resource for field 'resource', got Role",
    ],
    ['- !grant {role: !group g, member: bob}', "1:35 Expected a Member for field 'member', got String"],
    [
      '- !grant {role: !group g, member: !member {role: !user u, admin: maybe}}',
      "1:66 Expected a boolean for field 'admin', got String",
    ],
    ['- !host-factory {id: f, layers: [!group g]}', "1:34 Expected a Layer for field 'layer', got Group"],
    ['- !grant {role: !group g, member: }', "1:35 Expected a Member for field 'member', got NilClass"],
    ['- !grant {role: !group g, members: ~}', "1:36 Expected a Member for field 'member', got NilClass"],
    ['- !grant {role: !group g, member: [~]}', "1:36 Expected a Member for field 'member', got NilClass"],
    ['- !revoke {role: !group g, member: ~}', "1:36 Expected a Role for field 'member', got NilClass"],
    ['- !grant {role: !group g, member: {admin: true}}', '1:35 Member has no role'],
    ['- !permit {privilege: [read, ~]}', "1:30 Expected a string for field 'privilege', got NilClass"],
    ['- !host {id: h, restricted_to: [~]}', "1:33 Expected a string for field 'restricted_to', got NilClass"],
    ['- !user {id: u, public_keys: [~]}', "1:31 Expected a string for field 'public_key', got NilClass"],
    ['- !host-factory {id: f, layers: [~]}', "1:34 Expected a Layer for field 'layer', got NilClass"],
    ['- !user u\n-\n', '2:2 No type given or inferred for sequence entry, got NilClass'],
    ['- !policy {id: p, body: [~]}', '1:26 No type given or inferred for sequence entry, got NilClass'],
    ['- !delete {}', '1:3 Delete has no record'],
    ['- !delete {records: []}', '1:3 Delete has no record'],
    [
      '- !grant {role: !automatic-role {record: , role_name: x}}',
      '1:17 AutomaticRole needs the fields record and role_name',
    ],
    ['- !resource x', "1:3 Resource 'x' needs a kind, or a tag such as !user or !variable"],
    ['- !role {kind: "", id: x}', "1:3 Role 'x' needs a kind, or a tag such as !user or !variable"],
    [`- !user {id: a, uidnumber: ${'9'.repeat(16)}}`, "1:28 The number in field 'uidnumber' is too large"],
    ['- !resource {kind: "a:b", id: x}', "1:3 Resource 'x' has a colon in its kind"],
    [
      '- !host {id: h, restricted_to: 10.0.0.1/8}',
      "1:32 Invalid IP address or CIDR range '10.0.0.1/8': Value has bits set to right of mask. Did you mean '10.0.0.0/8'?",
    ],
    ['- !user "a\\0b"', '1:3 The text holds a character that cannot be stored (NUL or a lone surrogate)'],
    ['- !user "a', '1:11 found unexpected end of stream while scanning a quoted scalar'],
    ['- !user\n\tid: a', '2:1 '],
  ];
  for (const [text, fault] of cases) {
    test(`is refused with its place: ${JSON.stringify(text)}`, () => {
      const found = faultOf(text);
      assert.ok(fault.endsWith(' ') ? found.startsWith(fault.split(':')[0] ?? '') : found === fault, found);
    });
  }

  test("is told in the words of Conjur's clients", () => {
    const fault = { line: 2, column: 3, message: 'No such thing' };
    assert.equal(describeFault(fault), 'Error at line 2, column 3 in policy : No such thing');
  });

  test('is refused when it nests too deep, however that is written', () => {
    for (const text of [
      '['.repeat(5000),
      `${'['.repeat(5000)}${']'.repeat(5000)}`,
      `${'- '.repeat(5000)}!user a`,
    ]) {
      assert.match(faultOf(text), /nested more than 200 deep/);
    }
  });

  test('is refused for its nesting as soon as that is seen, and for its length before there is no memory', () => {
    const startedAt = performance.now();
    assert.match(faultOf('['.repeat(3_000_000)), /nested more than 200 deep/); // read to its end: ten seconds and more
    assert.ok(performance.now() - startedAt < 5000);
    const long = `- !user "\\u0061"\n${'- [] \n'.repeat(500_000)}`;
    assert.match(faultOf(long), /too long for its kind of YAML/);
  });

  test('is refused when its aliases multiply', () => {
    const lists = Array.from(
      { length: 12 },
      (_, i) => `- &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`,
    );
    assert.match(
      faultOf(`- &l0 !user a\n${lists.join('\n')}`),
      /Aliases repeat more than 64000000 characters/,
    );
    const users = (count: number): string => Array(count).fill('*u').join(', ');
    assert.match(
      faultOf(`- &u !user a\n- &l [${users(1001)}]\n- [${Array(1000).fill('*l').join(', ')}]`),
      /Aliases repeat more than 1000000 list items/,
    );
  });

  test('is refused when its aliases build a tower, wherever it stands', () => {
    const tower = (first: string, next: (below: string) => string): string =>
      Array.from({ length: 20_000 }, (_, i) => `  - &t${i} ${i === 0 ? first : next(`*t${i - 1}`)}\n`).join(
        '',
      );
    for (const [text, place] of [
      [
        `- !grant\n  member:\n${tower('!group g', (below) => `!group {id: g, owner: ${below}}`)}  role: *t19999`,
        '205:11 ',
      ],
      [
        `- !grant\n  member:\n${tower('!policy p', (below) => `!policy {id: p, body: [${below}]}`)}- *t19999`,
        '104:11 ',
      ],
      [`- !host-factory\n  role:\n${tower('[x]', (below) => `[${below}]`)}- *t19999`, '204:11 '],
    ] as const) {
      const fault = faultOf(text);
      assert.match(fault, /Aliases nest lists and maps more than 200 deep/);
      assert.ok(fault.startsWith(place), fault);
    }
  });

  test('is refused when its aliases repeat annotations, or their values, without end', () => {
    const many = Array.from({ length: 1000 }, (_, i) => `    a${i}: b\n`).join('');
    const hosts = (fields: string): string =>
      Array.from({ length: 1000 }, (_, i) => `- !host {id: h${i}, annotations: ${fields}}\n`).join('');
    assert.match(
      faultOf(`- !host\n  id: h\n  annotations: &a\n${many}${hosts('*a')}`),
      /Aliases repeat more than 1000000 list items and annotations/,
    );
    const long = 'a/'.repeat(50_000);
    assert.match(
      faultOf(`- !host {id: h, annotations: {x: &a ${long}}}\n${hosts('{x: *a}')}`),
      /Aliases repeat more than 64000000 characters/,
    );
  });
});

describe('the policies of the synchronizer', () => {
  const asPublished = `- !policy
  id: conjur
  body:
  - !policy
    id: vault-synchronizer
    body:
    - !variable leader-expiration

    - !group members

    - !permit
        role: !group members
        privileges: [ read, execute, update ]
        resources:
      - !variable leader-expiration
`;

  test('load as meant, and as published point to the line to correct', () => {
    const meant = asPublished.replace('      - !variable', '        - !variable');
    const [policy] = statementsOf(meant);
    assert.ok(policy?.type === 'record' && policy.body.length === 1);
    assert.equal(
      faultOf(asPublished),
      "14:19 did not find expected '-' indicator while parsing a block collection",
    );
  });
});
