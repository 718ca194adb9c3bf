import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { admin, applied, freshDatabase, idOf, planOf, resolvedOf, root } from '../testing/load.ts';
import { after, grants, has, notes, owner, owners, permits } from '../testing/row-views.ts';
import { needed } from './plan-needed.ts';

describe('replace', () => {
  test('removes what is no longer in the text, of this policy only', () => {
    const db = after(
      [
        'append',
        '- !policy p\n- !group {id: g, annotations: {a: x, b: y}}\n- !group h\n- !variable v\n- !grant {role: !group g, member: !group h}\n- !permit {role: !group h, privilege: read, resource: !group g}',
      ],
      ['append', '- !variable inner', 'p'],
      ['replace', '- !policy p\n- !group {id: g, annotations: {b: y}}\n- !group h'],
    );
    assert.deepEqual([...db.resources.keys()].slice(2), [
      'a:policy:p',
      'a:group:g',
      'a:group:h',
      'a:variable:p/inner',
    ]);
    assert.deepEqual([grants(db), permits(db), notes(db)], [[], [], ['b=y']]);
    assert.deepEqual(owners(db, 'group:g'), [admin]);
  });

  test('removes everything with an empty text', () => {
    const db = after(['append', '- !policy {id: p, body: [!variable v]}\n- !user u'], ['replace', '']);
    assert.deepEqual([...db.resources.keys()], [admin, root]);
  });

  test('keeps a resource whose old owner goes when the text gives it a new one', () => {
    const db = after(['append', '- !group old\n- !variable {id: v, owner: !group old}']);
    const planned = planOf(db, 'replace', '- !group new\n- !variable {id: v, owner: !group new}');
    assert.ok(
      !planned.changes.some(
        (change) =>
          change.op === 'delete' && change.table === 'resources' && change.resourceId === 'a:variable:v',
      ),
    );
    assert.equal(owner(applied(db, planned), 'variable:v'), 'a:group:new');
  });

  test('makes anew what went with an owner although the text has it', () => {
    const db = after(
      ['append', '- !policy p\n- !group old'],
      ['append', '- !host {id: h, owner: !group /old}', 'p'],
    );
    const planned = planOf(db, 'replace', '- !policy {id: p, body: [!host h]}');
    assert.deepEqual(
      planned.createdRoles.map(({ roleId }) => roleId),
      ['a:host:p/h'],
    );
    assert.equal(applied(db, planned).resources.get('a:host:p/h')?.policyId, root);
  });

  test('makes anew the grants, permissions and annotations that went along', () => {
    const db = after(
      ['append', '- !policy p\n- !group old\n- !group g\n- !group p/n'],
      ['append', '- !host {id: h, owner: !group /old}\n- !group {id: n, annotations: {a: x}}', 'p'],
      ['append', '- !grant {role: !group g, member: !host p/h}'],
      ['append', '- !grant {role: !group n, member: !user /admin}', 'p'],
      ['append', '- !permit {role: !host p/h, privilege: read, resource: !group g}'],
      [
        'replace',
        `
- !group g
- !group {id: p/n, annotations: {a: y}}
- !host p/h
- !grant {role: !group g, member: !host p/h}
- !grant {role: !group p/n, member: !user admin}
- !permit {role: !host p/h, privilege: read, resource: !group g}`,
      ],
    );
    assert.deepEqual(grants(db), ['a:group:g a:host:p/h false', 'a:group:p/n a:user:admin false']);
    assert.deepEqual([permits(db), notes(db)], [['a:host:p/h read a:group:g'], ['a=y']]);
  });

  test('refuses to refer to what it removes', () => {
    const planned = planOf(
      after(['append', '- !group old']),
      'replace',
      '- !variable {id: v, owner: !group old}',
    );
    assert.deepEqual(
      planned.refusals.map(({ message }) => message),
      ["Group 'old' not found in account 'a'"],
    );
  });

  test('lets rows of root outlive a replacement of the branch they stand in', () => {
    const fenced =
      '- !group fence\n- !group members\n- !policy {id: leader, owner: !group members, body: [!group {id: writers, owner: !group /fence}]}';
    const db = after(
      ['append', fenced],
      ['append', '- !host w1\n- !grant {role: !group writers, member: !host w1}', 'leader'],
      ['replace', '- !host w2', 'leader'],
    );
    assert.ok(has(db, 'group:leader/writers') && has(db, 'host:leader/w2') && !has(db, 'host:leader/w1'));
    assert.deepEqual(grants(db), []);
  });
});

describe('a load that would take away its own policy', () => {
  test('is refused in every way to do so', () => {
    const db = after(
      ['append', '- !policy p\n- !group g'],
      ['append', '- !group o', 'p'],
      ['modify', '- !policy {id: p, owner: !group p/o}'],
    );
    for (const [mode, text, policy] of [
      ['replace', '', 'p'],
      ['modify', '- !delete {record: !group o}', 'p'],
      ['modify', '- !delete {record: !user admin}', 'root'],
      ['modify', '- !delete {record: !policy root}', 'root'],
    ] as const) {
      const planned = planOf(db, mode, text, policy);
      assert.match(
        planned.refusals[0]?.message ?? '',
        /^Policy '(p|root)' cannot be loaded with a text that deletes it/,
      );
      assert.deepEqual(planned.changes, []);
    }
  });
});

describe('the planner', () => {
  test('asks for what the text mentions and nothing else', () => {
    const asked = needed(
      resolvedOf(
        '- !host {id: h, annotations: {a: b}}\n- !permit {role: !group g, privilege: read, resource: !variable v}\n- !delete {record: !layer l}\n- !revoke {role: !group x, member: !group y}',
      ),
    );
    assert.deepEqual(asked.ids.toSorted(), [
      'a:group:g',
      'a:host:h',
      'a:layer:l',
      'a:user:admin',
      'a:variable:v',
    ]);
    assert.deepEqual(asked.annotations, [{ resourceId: idOf('host:h'), name: 'a' }]);
    assert.deepEqual(asked.credentials, ['a:host:h']);
    assert.deepEqual(asked.permissions, [
      { resourceId: idOf('variable:v'), roleId: idOf('group:g'), privilege: 'read' },
    ]);
  });

  test('keeps the changes of a large text in a few runs', () => {
    const text = Array.from(
      { length: 2000 },
      (_, i) => `- !variable {id: v${i}, annotations: {n: "${i}"}}\n`,
    ).join('');
    const { changes } = planOf(freshDatabase(), 'replace', text);
    const runs = changes.filter(
      ({ op, table }, i) => op !== changes[i - 1]?.op || table !== changes[i - 1]?.table,
    );
    assert.deepEqual([changes.length, runs.length], [4000, 2]);
  });
});
