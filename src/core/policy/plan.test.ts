import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { admin, freshDatabase, planOf, root } from '../testing/load.ts';
import { after, grants, has, notes, owner, owners, permits } from '../testing/row-views.ts';
import type { LoadMode } from './types.ts';

const modes: readonly LoadMode[] = ['append', 'modify', 'replace'];

describe('every mode', () => {
  for (const mode of modes) {
    test(`${mode} creates roles, resources, ownership, layers, grants, permissions, annotations`, () => {
      const db = after([
        mode,
        `
- !group {id: g, annotations: {a: b}}
- !variable v
- !layer l
- !host-factory {id: f, layers: [!layer l]}
- !grant {role: !group g, member: !member {role: !user /admin, admin: true}}
- !permit {role: !group g, privileges: [read, dance], resource: !variable v}
- !role {kind: job, id: cook}
- !resource {kind: food, id: bacon}`,
      ]);
      assert.deepEqual(owners(db, 'group:g'), [admin]);
      assert.deepEqual(grants(db), ['a:layer:l a:host_factory:f false', 'a:group:g a:user:admin true']);
      assert.deepEqual(permits(db), ['a:group:g read a:variable:v', 'a:group:g dance a:variable:v']);
      assert.deepEqual(notes(db), ['a=b']);
      assert.ok(db.roles.has('a:job:cook') && !has(db, 'job:cook'));
      assert.ok(
        has(db, 'food:bacon') && !db.roles.has('a:food:bacon') && owners(db, 'variable:v').length === 0,
      );
      assert.equal(db.roles.get('a:group:g')?.policyId, root);
    });

    test(`${mode} leaves rows of other policies alone, silently`, () => {
      const inner = `
- !group {id: g, annotations: {a: '1'}}
- !host {id: h, restricted_to: 10.0.0.1}
- !grant {role: !group g, member: !host h}`;
      const outer = `
- !policy p
- !group o
- !group {id: p/g, owner: !group o, annotations: {a: '2'}}
- !host {id: p/h, restricted_to: 10.0.0.2}
- !grant {role: !group p/g, member: !member {role: !host p/h, admin: true}}`;
      const db = after(['append', '- !policy p'], ['append', inner, 'p'], [mode, outer]);
      assert.equal(owner(db, 'group:p/g'), 'a:policy:p');
      assert.deepEqual(owners(db, 'group:p/g'), ['a:policy:p']);
      assert.deepEqual([grants(db), notes(db)], [['a:group:p/g a:host:p/h false'], ['a=1']]);
      assert.deepEqual(db.credentials.get('a:host:p/h')?.restrictedTo, ['10.0.0.1/32']);
      assert.equal(db.resources.get('a:group:p/g')?.policyId, 'a:policy:p');
    });

    test(`${mode} refuses what refers to something missing, and changes nothing`, () => {
      for (const [text, message] of [
        ['- !group {id: g, owner: !user bob}', "User 'bob' not found in account 'a'"],
        ['- !group g\n- !grant {role: !group g, member: !host h}', "Host 'h' not found in account 'a'"],
        ['- !grant {role: !group g, member: !user admin}', "Group 'g' not found in account 'a'"],
        [
          '- !permit {role: !user admin, privilege: read, resource: !variable v}',
          "Variable 'v' not found in account 'a'",
        ],
        [
          '- !variable v\n- !permit {role: !layer l, privilege: read, resource: !variable v}',
          "Layer 'l' not found in account 'a'",
        ],
        ['- !host-factory {id: f, layers: [l]}', "Layer 'l' not found in account 'a'"],
        [
          '- !variable v\n- !grant {role: !policy root, member: !host_factory x}',
          "Host_factory 'x' not found in account 'a'",
        ],
      ] as const) {
        const planned = planOf(freshDatabase(), mode, text);
        assert.deepEqual(
          planned.refusals.map((refusal) => [refusal.code, refusal.message]),
          [['policy_invalid', message]],
        );
        assert.deepEqual(planned.changes, []);
      }
    });

    test(`${mode} announces new users and hosts, and no others`, () => {
      const db = after(['append', '- !user old']);
      const planned = planOf(
        db,
        mode,
        '- !user old\n- !user {id: u, restricted_to: 10.0.0.1}\n- !host h\n- !group g',
      );
      assert.deepEqual(planned.createdRoles, [
        { roleId: 'a:user:u', restrictedTo: ['10.0.0.1/32'] },
        { roleId: 'a:host:h', restrictedTo: [] },
      ]);
    });

    test(`${mode} hands on public keys of its own users`, () => {
      const text = '- !user {id: u, public_key: ssh-rsa AA home}';
      const expected = [{ resourceId: 'a:public_key:user/u/home', value: 'ssh-rsa AA home' }];
      assert.deepEqual(planOf(freshDatabase(), mode, text).publicKeys, expected);
      assert.deepEqual(planOf(after(['append', text]), mode, text).publicKeys, expected);
    });
  }
});

describe('append', () => {
  const text =
    "- !group a\n- !group {id: g, annotations: {n: '1'}}\n- !grant {role: !group g, member: !group a}\n- !host {id: h, restricted_to: 10.0.0.1}";
  const other =
    "- !group {id: g, owner: !group a, annotations: {n: '2', m: x}}\n- !grant {role: !group g, member: !member {role: !group a, admin: true}}\n- !host {id: h, restricted_to: 10.0.0.2}";

  test('adds and never updates, but lets network restrictions grow', () => {
    const db = after(['append', text], ['append', other]);
    assert.equal(owner(db, 'group:g'), admin);
    assert.deepEqual(owners(db, 'group:g'), [admin]);
    assert.deepEqual(notes(db), ['n=1', 'm=x']);
    assert.deepEqual(grants(db), ['a:group:g a:group:a false']);
    assert.deepEqual(db.credentials.get('a:host:h')?.restrictedTo, ['10.0.0.1/32', '10.0.0.2/32']);
  });

  test('refuses deletion statements', () => {
    for (const deletion of [
      '!delete {record: !group g}',
      '!revoke {role: !group g, member: !group a}',
      '!deny {role: !group g, privilege: read, resource: !group a}',
    ]) {
      const [refusal] = planOf(after(['append', text]), 'append', `- !group z\n- ${deletion}`).refusals;
      assert.deepEqual(refusal, {
        code: 'validation_failed',
        message: 'policy_text may not contain deletion statements',
        at: { line: 2, column: 3 },
      });
    }
  });

  test('modify and replace update instead', () => {
    for (const mode of ['modify', 'replace'] as const) {
      const db = after(['append', text], [mode, `- !group a\n${other}`]);
      assert.equal(owner(db, 'group:g'), 'a:group:a');
      assert.deepEqual(owners(db, 'group:g'), ['a:group:a']);
      assert.deepEqual(notes(db), ['n=2', 'm=x']);
      assert.deepEqual(grants(db), ['a:group:g a:group:a true']);
      assert.deepEqual(db.credentials.get('a:host:h')?.restrictedTo, ['10.0.0.2/32']);
    }
  });
});

describe('modify', () => {
  const base =
    '- !group g\n- !user u\n- !variable {id: v, owner: !group g}\n- !grant {role: !group g, member: !user u}\n- !permit {role: !user u, privileges: [read, update], resource: !group g}';

  test('keeps what the text does not mention', () => {
    const db = after(['append', base], ['modify', '- !group other']);
    assert.ok(has(db, 'variable:v') && grants(db).length === 1 && permits(db).length === 2);
  });

  test('revokes and denies its own rows, and is silent about missing ones', () => {
    const db = after(
      ['append', base],
      [
        'modify',
        '- !revoke {role: !group g, member: !user u}\n- !deny {role: !user u, privilege: [read, sing], resource: !group g}\n- !revoke {role: !group no, member: !user u}',
      ],
    );
    assert.deepEqual(grants(db), []);
    assert.deepEqual(permits(db), ['a:user:u update a:group:g']);
  });

  test('leaves grants and permissions of other policies', () => {
    const inner =
      '- !group g\n- !variable v\n- !grant {role: !group g, member: !user /admin}\n- !permit {role: !group g, privilege: read, resource: !variable v}';
    const db = after(
      ['append', '- !policy p'],
      ['append', inner, 'p'],
      [
        'modify',
        '- !revoke {role: !group p/g, member: !user admin}\n- !deny {role: !group p/g, privilege: read, resource: !variable p/v}',
      ],
    );
    assert.deepEqual([grants(db).length, permits(db).length], [1, 1]);
  });

  test('never revokes ownership', () => {
    const db = after(['append', base], ['modify', '- !revoke {role: !group g, member: !user admin}']);
    assert.deepEqual(owners(db, 'group:g'), [admin]);
  });

  test('deletes with everything that is owned, in any number of steps, also of other policies', () => {
    const db = after(
      ['append', '- !group keep\n- !policy {id: p, body: [!group g, !policy q]}'],
      [
        'append',
        '- !host h\n- !variable {id: v, owner: !host h}\n- !variable {id: w, owner: !group /keep}',
        'p/q',
      ],
      ['modify', '- !delete {record: !policy p}'],
    );
    assert.deepEqual([...db.resources.keys()], [admin, root, 'a:group:keep']);
    assert.deepEqual([...db.roles.keys()], [admin, root, 'a:group:keep']);
  });

  test('lists each role and resource that goes', () => {
    const planned = planOf(
      after(['append', base]),
      'modify',
      '- !delete {record: !group g}\n- !delete {record: !variable none}',
    );
    assert.deepEqual(planned.changes, [
      { op: 'delete', table: 'resources', resourceId: 'a:variable:v' },
      { op: 'delete', table: 'resources', resourceId: 'a:group:g' },
      { op: 'delete', table: 'roles', roleId: 'a:group:g' },
    ]);
  });

  test('takes along what a deleted policy loaded for another owner', () => {
    const db = after(
      ['append', '- !group keep\n- !policy p'],
      ['append', '- !host {id: h, owner: !group /keep}', 'p'],
    );
    const { changes } = planOf(db, 'modify', '- !delete {record: !policy p}');
    assert.ok(changes.some((change) => change.table === 'roles' && change.roleId === 'a:host:p/h'));
  });

  test('follows what the text hands to an owner that it deletes', () => {
    const db = after(
      ['append', '- !policy p\n- !group x\n- !group d'],
      ['append', '- !group {id: w, owner: !group /x}', 'p'],
      ['modify', '- !group {id: x, owner: !group d}\n- !group d\n- !delete {record: !group d}'],
    );
    assert.deepEqual([...db.roles.keys()], [admin, root, 'a:policy:p']);
  });

  test('creates before it deletes, so a text can hand on what it removes the owner of', () => {
    const db = after(
      ['append', base],
      ['modify', '- !variable v\n- !user gone\n- !delete {records: [!group g, !user gone]}'],
    );
    assert.ok(has(db, 'variable:v') && !has(db, 'group:g') && !has(db, 'user:gone'));
    const planned = planOf(freshDatabase(), 'modify', '- !user gone\n- !delete {record: !user gone}');
    assert.deepEqual(planned.createdRoles, []);
  });
});
