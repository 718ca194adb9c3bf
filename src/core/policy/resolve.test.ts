import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { idOf, resolvedOf, resolveFaultOf, statementsOf } from '../testing/load.ts';
import { resolve } from './resolve.ts';

describe('ids', () => {
  const created: readonly (readonly [text: string, policy: string, id: string, owner: string])[] = [
    ['- !group g', 'root', 'group:g', 'user:admin'],
    ['- !group g', 'app/team', 'group:app/team/g', 'policy:app/team'],
    ['- !user alice', 'root', 'user:alice', 'user:admin'],
    ['- !user alice', 'app/team', 'user:alice@app-team', 'policy:app/team'],
    ['- !user team/alice', 'app', 'user:alice@app-team', 'policy:app'],
    ['- !user /alice', 'root', 'user:alice', 'user:admin'],
    ['- !resource {kind: user, id: alice}', 'app', 'user:alice@app', 'policy:app'],
    ['- !host a:b', 'app', 'host:app/a:b', 'policy:app'],
    ['- !host-factory {id: f, layers: [l]}', 'app', 'host_factory:app/f', 'policy:app'],
    ['- !group', 'app', 'group:app', 'policy:app'],
    ['- !group {id: g, owner: !user bob}', 'app', 'group:app/g', 'user:bob@app'],
    ['- !group {id: g, owner: !user /bob}', 'app', 'group:app/g', 'user:bob'],
    ['- !group {id: g, owner: !user /dev/team/bob}', 'app', 'group:app/g', 'user:bob@dev-team'],
    [
      '- !group {id: g, owner: !group ../ops}',
      'app/team',
      'group:app/g'.replace('app/', 'app/team/'),
      'group:app/ops',
    ],
    ['- !group {id: g, owner: !group /x/../y}', 'app', 'group:app/g', 'group:y'],
    ['- !role {kind: job, id: cook}', 'app', 'job:app/cook', 'policy:app'],
  ];
  for (const [text, policy, id, owner] of created) {
    test(`of ${text} in ${policy} are ${id}, owned by ${owner}`, () => {
      const [record] = resolvedOf(text, policy).records;
      assert.deepEqual([record?.id, record?.ownerId], [idOf(id), idOf(owner)]);
    });
  }

  test('take the namespace of each policy around them', () => {
    const { records } = resolvedOf(
      '- !policy\n  id: p\n  owner: !group o\n  body: [!policy {id: q, body: [!variable v, !user u]}]\n- !group o',
    );
    assert.deepEqual(records.map(({ id, ownerId }) => `${id} ${ownerId}`).toSorted(), [
      'a:group:o a:user:admin',
      'a:policy:p a:group:o',
      'a:policy:p/q a:policy:p',
      'a:user:u@p-q a:policy:p/q',
      'a:variable:p/q/v a:policy:p/q',
    ]);
  });

  test('may point out of the policy in grantees, members and annotations only', () => {
    const resolved = resolvedOf(
      `- !variable {id: v, annotations: {up: ../w, flat: a..b}}
- !grant {role: !group g, members: [!user /alice, !host ../h]}
- !revoke {role: !group g, member: !group /ops}
- !permit {roles: [!group /ops, !group ../x], privilege: read, resource: !variable v}
- !deny {role: !group /ops, privilege: read, resource: !variable v}`,
      'app/team',
    );
    assert.deepEqual(resolved.records[0]?.annotations, [
      { name: 'up', value: 'app/team/w' },
      { name: 'flat', value: 'a..b' },
    ]);
    assert.deepEqual(
      resolved.grants.map(({ memberId }) => memberId),
      [idOf('user:alice'), idOf('host:app/h')],
    );
    assert.deepEqual(
      resolved.permits.map(({ roleId }) => roleId),
      [idOf('group:ops'), idOf('group:app/x')],
    );
    assert.deepEqual(
      resolved.deletions.map((deletion) =>
        deletion.type === 'revoke' ? deletion.memberId : deletion.type === 'deny' ? deletion.roleId : '',
      ),
      [idOf('group:ops'), idOf('group:ops')],
    );
  });

  test('of an alias are those of its anchor, wherever it is used', () => {
    const resolved = resolvedOf('- &g !group g\n- !policy {id: p, body: [!variable {id: v, owner: *g}]}');
    assert.equal(resolved.records.find(({ id }) => id === 'a:variable:p/v')?.ownerId, 'a:group:g');
  });
});

describe('a text is refused', () => {
  const faults: readonly (readonly [text: string, policy: string, message: string])[] = [
    ['- !host-factory {id: f}', 'root', "1:3 Host factory 'f' does not include any layers"],
    ['- !group', 'root', '1:3 group has a blank id'],
    ...['root', 'app'].flatMap((policy) =>
      (
        [
          ['- !grant {role: , member: !user u}', '1:17 role has a blank id'],
          ['- !grant {roles: [!group g, ~], member: !user u}', '1:29 role has a blank id'],
          ['- !grant {role: !group g, member: !member {role: }}', '1:50 role has a blank id'],
          ['- !grant {role: !group g, member: {roles: ~}}', '1:43 role has a blank id'],
          ['- !revoke {role: null, member: !user u}', '1:18 role has a blank id'],
          ['- !permit {role: ~, privilege: read, resource: !variable v}', '1:18 role has a blank id'],
          ['- !permit {role: !user u, privilege: read, resource: }', '1:54 resource has a blank id'],
          ['- !permit {role: !user u, privilege: read, resources: [~]}', '1:56 resource has a blank id'],
          ['- !deny {role: !user u, privilege: read, resource: ~}', '1:52 resource has a blank id'],
          ['- !deny {roles: , privilege: read, resource: !variable v}', '1:17 role has a blank id'],
          ['- !delete {record: }', '1:20 resource has a blank id'],
          ['- !delete {records: [!variable v, ~]}', '1:35 resource has a blank id'],
          ['- !resource {}', '1:3 resource has a blank id'],
        ] as const
      ).map(([text, message]) => [text, policy, message] as const),
    ),
    [
      `- !group a\n- !group ${'g'.repeat(4096)}`,
      'root',
      `2:3 The id 'a:group:${'g'.repeat(52)}…' is longer than 1000 bytes`,
    ],
    [
      `- !permit {role: !user u, privilege: ${'p'.repeat(501)}, resource: !variable v}`,
      'root',
      `1:3 The privilege '${'p'.repeat(60)}…' is longer than 500 bytes`,
    ],
    [
      `- !group {id: g, annotations: {${'é'.repeat(251)}: x}}`,
      'root',
      `1:3 The name of annotation '${'é'.repeat(60)}…' is longer than 500 bytes`,
    ],
    ['- !group g\n- !group g', 'root', "2:3 group 'g' is declared more than once"],
    ['- !group g\n- !role {kind: group, id: g}', 'root', "2:3 group role 'g' is declared more than once"],
    ['- !policy', 'app', "1:3 policy 'app' is declared more than once"],
    ['- !group /g', 'app', '1:3 Illegal absolute id: /g'],
    ['- !grant {role: !group /g, member: !user u}', 'app', '1:17 Illegal absolute id: /g'],
    ['- !revoke {role: !group /g, member: !user u}', 'app', '1:18 Illegal absolute id: /g'],
    [
      '- !permit {role: !user u, privilege: read, resource: !variable /v}',
      'app',
      '1:54 Illegal absolute id: /v',
    ],
    [
      '- !deny {role: !user u, privilege: read, resource: !variable /v}',
      'app',
      '1:52 Illegal absolute id: /v',
    ],
    ['- !delete {record: !variable /v}', 'app', '1:20 Illegal absolute id: /v'],
    ['- !delete {record: !user /admin}', 'app', '1:20 Illegal absolute id: /admin'],
    ['- !host-factory {id: f, layers: [!layer /other/l]}', 'app', '1:34 Illegal absolute id: /other/l'],
    ['- !grant {role: !group ../g, member: !user u}', 'app', '1:17 Invalid relative reference: app/../g'],
    [
      '- !grant {role: !group g, member: &x !group /top}\n- !grant {role: *x, member: !group g}',
      'app',
      '1:38 Illegal absolute id: /top',
    ],
    ['- !group {id: g, owner: !group ../../x}', 'app', '1:25 Invalid relative reference: app/../../x'],
    [
      '- !group {id: g, account: other}',
      'root',
      "1:3 A policy cannot act on group 'g' in the other account 'other'",
    ],
    [
      '- !user {id: u, public_key: ssh-rsa AAAA}',
      'root',
      "1:3 Invalid public key format of user 'u': it takes an algorithm, a key and a name",
    ],
    [
      '- !group {id: a, owner: !group b}\n- !group {id: b, owner: !group a}',
      'root',
      "2:3 Dependency cycle encountered between group 'b' and group 'a'",
    ],
    [
      '- !policy {id: a, owner: !policy b}\n- !policy {id: b, owner: !group c}\n- !group {id: c, owner: !policy a}',
      'root',
      "3:3 Dependency cycle encountered between group 'c' and policy 'a'",
    ],
    [
      '- !policy {id: p, owner: !policy p/q, body: [!policy q]}',
      'x',
      "1:46 Dependency cycle encountered between policy 'x/p/q' and policy 'x/p'",
    ],
    [
      '- !policy {id: p, owner: !policy p}',
      'root',
      "1:26 Dependency cycle encountered: policy 'p' owns itself",
    ],
    [
      '- !policy {id: p, owner: !policy /x/y/../p}',
      'x',
      "1:26 Dependency cycle encountered: policy 'x/p' owns itself",
    ],
    [
      '- !policy {id: p, body: [!policy {id: q, owner: !role {kind: policy, id: q}}]}',
      'root',
      "1:49 Dependency cycle encountered: policy 'p/q' owns itself",
    ],
    [
      '- !role {kind: policy, id: p}\n- !resource {kind: policy, id: p, owner: !policy p}',
      'root',
      "2:42 Dependency cycle encountered: policy 'p' owns itself",
    ],
    [
      '- !policy {id: p, owner: !group p/g, body: [!group g]}',
      'root',
      "1:45 Dependency cycle encountered between group 'p/g' and policy 'p'",
    ],
  ];
  for (const [text, policy, message] of faults) {
    test(`with its place: ${text.slice(0, 100)} in ${policy}`, () =>
      assert.equal(resolveFaultOf(text, policy), message));
  }

  test('when hosts must say that they use API keys and one does not', () => {
    const target = {
      policyId: idOf('policy:root'),
      ownerId: idOf('user:admin'),
      rules: { hostsNameApiKey: true },
    };
    assert.ok(!resolve(statementsOf('- !host h'), target).ok);
    assert.ok(resolve(statementsOf('- !host {id: h, annotations: {authn/api-key: true}}'), target).ok);
  });
});

describe('resolving', () => {
  test('puts owners before what they own and keeps the order otherwise', () => {
    const { records } = resolvedOf(
      '- !variable {id: v, owner: !group c}\n- !group a\n- !group {id: c, owner: !group b}\n- !group {id: b, owner: !group b}',
    );
    assert.deepEqual(
      records.map(({ id }) => id),
      ['a:group:b', 'a:group:c', 'a:variable:v', 'a:group:a'],
    );
  });

  test('takes users, groups and other roles that own themselves, but for policies', () => {
    for (const tag of ['user', 'group', 'host', 'layer']) {
      const [record] = resolvedOf(`- !${tag} {id: x, owner: !${tag} x}`, 'app').records;
      assert.equal(record?.ownerId, record?.id);
    }
    const { records } = resolvedOf('- !policy {id: p, owner: !policy q, body: [!policy q]}\n- !policy q');
    assert.deepEqual(
      records.map(({ id, ownerId }) => `${id} ${ownerId}`),
      ['a:policy:q a:user:admin', 'a:policy:p a:policy:q', 'a:policy:p/q a:policy:p'],
    );
  });

  test('sorts a long chain of owners without running out of stack', () => {
    const text = Array.from(
      { length: 20_000 },
      (_, i) => `- !group {id: g${i}, owner: !group g${i + 1}}\n`,
    ).join('');
    const { records } = resolvedOf(`${text}- !group g20000`);
    assert.equal(records[0]?.id, 'a:group:g20000');
  });

  test('keeps fields as annotations unless one of that name is written', () => {
    const { records } = resolvedOf(
      '- !user {id: u, uidnumber: 7}\n- !group {id: g, gidnumber: 8}\n- !variable {id: v, kind: k, mime_type: m, annotations: {conjur/kind: own}}',
    );
    assert.deepEqual(
      records.map(({ annotations }) => annotations.map(({ name, value }) => `${name}=${value}`)),
      [['conjur/uidnumber=7'], ['conjur/gidnumber=8'], ['conjur/kind=own', 'conjur/mime_type=m']],
    );
  });

  test('makes a resource of each public key, with the owner of its user', () => {
    const { records } = resolvedOf(
      '- !user {id: u, owner: !group g, public_keys: [ssh-rsa AA home, ssh-rsa BB work]}\n- !group g',
    );
    assert.deepEqual(
      records.filter(({ isRole }) => !isRole).map(({ id, ownerId }) => [id, ownerId]),
      [
        ['a:public_key:user/u/home', 'a:group:g'],
        ['a:public_key:user/u/work', 'a:group:g'],
      ],
    );
  });

  test('warns of annotations named like policy attributes', () => {
    const { warnings } = resolvedOf(
      '- !host {id: h, annotations: {restricted_to: 10.0.0.1, description: fine}}',
    );
    assert.deepEqual(warnings, [
      "Annotation 'restricted_to' (host 'h', line 1) has the name of a policy attribute: if it is meant as one, move it out of annotations",
    ]);
  });
});
