import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fullId, identifierOf, kindOf } from '../ids.ts';
import { effectiveRowsOf } from '../testing/effective-rows-of.ts';
import { admin, freshDatabase, loaded, root } from '../testing/load.ts';
import { seededRandom } from '../random.ts';
import { basePolicy, randomPolicyText } from '../testing/random-policy.ts';
import { applied } from '../testing/load.ts';
import { fetchCurrent, type RowDatabase } from '../testing/row-database.ts';
import { effectivePolicy } from './effective.ts';
import { plan } from './plan.ts';
import { readPolicy } from './read.ts';
import { resolve } from './resolve.ts';
import type { LoadMode, Plan } from './types.ts';
import { policyJson, policyYaml } from './write-policy.ts';

const depth = 64;

function written(db: RowDatabase, policy: string, levels = depth): string {
  const target = { policyId: fullId('a', 'policy', policy), rootOwnerId: admin, depth: levels };
  return policyYaml(effectivePolicy(target, effectiveRowsOf(db)));
}

/** The plan of loading `text`; null where the owners in it go in a circle, which loads refuse. */
function planFor(db: RowDatabase, text: string, policy: string, mode: LoadMode): Plan | null {
  const reading = readPolicy(text);
  assert.ok(reading.ok, `${reading.ok ? '' : JSON.stringify(reading.fault)}\n${text}`);
  const policyId = fullId('a', 'policy', policy);
  const ownerId = db.resources.get(policyId)?.ownerId ?? admin;
  const resolution = resolve(reading.statements, { policyId, ownerId });
  if (!resolution.ok) {
    assert.match(resolution.fault.message, /^Dependency cycle/, text);
    return null;
  }
  return plan(resolution.resolved, fetchCurrent(db, resolution.resolved, mode), mode);
}

describe('the policy in force', () => {
  test('is written down as Conjur does', () => {
    const db = loaded(
      freshDatabase(),
      'append',
      `
- !user rot
- !policy
  id: acme
  annotations: {description: Policy acme}
  body:
  - !user {id: ali, restricted_to: [172.17.0.3, 10.0.0.0/24]}
  - !group {id: ops, owner: !user ali}
  - !policy {id: inner, owner: !user ali, body: [!user cac]}
  - !variable {id: db/password, kind: password, mime_type: text/plain}
  - !layer l
  - !host-factory {id: f, layers: [l]}
  - !grant {role: !group ops, members: [!user ali, !user /rot]}
  - !permit {role: !group ops, privileges: [read, execute], resource: !variable db/password}
  - !permit {role: !user /rot, privileges: [read], resource: !policy inner}
`,
    );
    const acme = `- !policy
  id: acme
  annotations:
    description: Policy acme
  body:
  - !user
    id: ali
    restricted_to: [172.17.0.3/32, 10.0.0.0/24]
  - !policy
    id: inner
    owner: !user /acme/ali
    body:
    - !user cac
  - !variable
    id: db/password
    kind: password
    mime_type: text/plain
  - !layer l
  - !host-factory
    id: f
    layers:
    - !layer l
  - !group
    id: ops
    owner: !user /acme/ali
  - !grant
    role: !group ops
    members:
    - !user /acme/ali
    - !user /rot
  - !permit
    role: !group ops
    privileges: [execute, read]
    resource: !variable db/password
  - !permit
    role: !user /rot
    privileges: [read]
    resource: !policy inner
`;
    assert.equal(written(db, 'root'), `---\n- !user rot\n${acme}`);
    assert.equal(written(db, 'acme'), `---\n${acme}`);
    assert.equal(
      written(db, 'acme/inner'),
      '---\n- !policy\n  id: inner\n  owner: !user /acme/ali\n  body:\n  - !user cac\n',
    );
    assert.match(written(db, 'acme', 0), /^---\n- !policy\n {2}id: acme\n[^]* body:\n {2}- !user\n[^]*/);
    assert.equal(written(freshDatabase(), 'root'), '--- []\n');
    const target = { policyId: fullId('a', 'policy', 'acme/inner'), rootOwnerId: admin, depth };
    assert.equal(
      policyJson(effectivePolicy(target, effectiveRowsOf(db))),
      '[{"policy":{"id":"inner","owner":{"user":"/acme/ali"},"body":[{"user":{"id":"cac"}}]}}]',
    );
  });

  test('ends at the depth that is asked for', () => {
    const db = loaded(
      freshDatabase(),
      'append',
      '- !policy {id: a, body: [!policy {id: b, body: [!policy {id: c, body: [!variable v]}]}]}',
    );
    assert.equal(written(db, 'a', 0), '---\n- !policy\n  id: a\n  body: []\n');
    assert.equal(
      written(db, 'a', 1),
      '---\n- !policy\n  id: a\n  body:\n  - !policy\n    id: b\n    body: []\n',
    );
    assert.ok(!written(db, 'a', 2).includes('!variable') && written(db, 'a', 3).includes('!variable v'));
  });

  test('keeps every text as it is, however it looks', () => {
    const texts = [
      'yes',
      'No',
      '~',
      '12',
      '1.5',
      '',
      ' a ',
      "it's",
      '"',
      'a: b',
      'a #b',
      '- a',
      '!x',
      '&a',
      '{a',
      'a\nb',
      '\u2028',
      'é',
      '😀',
      '\u007f',
      '\\n',
      'null',
      '[',
      '@',
      '%',
      '2026-01-01',
      'a\tb',
      '...',
      '---',
    ];
    const db = freshDatabase();
    db.resources.set('a:variable:v', {
      resourceId: fullId('a', 'variable', 'v'),
      ownerId: admin,
      policyId: root,
    });
    for (const [index, text] of texts.entries()) {
      for (const name of [`n${index}`, `${text}!`]) {
        db.annotations.set(`a:variable:v\0${name}`, {
          resourceId: fullId('a', 'variable', 'v'),
          name,
          value: text,
          policyId: root,
        });
      }
    }
    for (const [index, text] of texts.filter((id) => id.trim() !== '').entries()) {
      const id = fullId('a', 'group', `${index}${text}`);
      db.roles.set(id, { roleId: id, policyId: root });
      db.resources.set(id, { resourceId: id, ownerId: admin, policyId: root });
      const row = { roleId: id, memberId: admin, adminOption: true, ownership: true, policyId: root };
      db.memberships.set(`${id}\0${admin}\0true`, row);
    }
    for (const mode of ['append', 'modify', 'replace'] as const) {
      assert.deepEqual(planFor(db, written(db, 'root'), 'root', mode)?.changes, [], mode);
    }
  });

  test('changes nothing when it is loaded again: random policies', () => {
    const seen = { root: 0, nested: 0, circles: 0, rows: 0 };
    for (let seed = 1; seed <= 150; seed += 1) {
      const random = seededRandom(seed);
      let db = loaded(freshDatabase(), 'append', basePolicy);
      for (let load = 0; load < 8; load += 1) {
        const mode: LoadMode = random.pick(['append', 'append', 'modify', 'replace']);
        const policies = ['root', 'p', 'p/q', 'q'].filter((id) => db.resources.has(`a:policy:${id}`));
        const policy = random.pick(policies);
        const reading = readPolicy(randomPolicyText(random, mode));
        if (!reading.ok) continue;
        const policyId = fullId('a', 'policy', policy);
        const ownerId = db.resources.get(policyId)?.ownerId ?? admin;
        const resolution = resolve(reading.statements, { policyId, ownerId });
        if (!resolution.ok) continue;
        const planned = plan(resolution.resolved, fetchCurrent(db, resolution.resolved, mode), mode);
        if (planned.refusals.length === 0) db = applied(db, planned);
      }
      for (const { resourceId } of db.resources.values()) {
        if (kindOf(resourceId) !== 'policy' || !db.roles.has(resourceId)) continue;
        const policy = identifierOf(resourceId);
        const text = written(db, policy);
        const around = policy.includes('/') ? policy.slice(0, policy.lastIndexOf('/')) : '';
        const into = policy === 'root' ? 'root' : db.resources.has(`a:policy:${around}`) ? around : 'root';
        for (const mode of policy === 'root'
          ? (['append', 'modify', 'replace'] as const)
          : (['append', 'modify'] as const)) {
          const again = planFor(db, text, into, mode);
          if (again === null) {
            seen.circles += 1;
            continue;
          }
          assert.deepEqual(
            [again.changes, again.refusals],
            [[], []],
            `seed ${seed}, ${policy} into ${into}, ${mode}\n${text}`,
          );
          seen[policy === 'root' ? 'root' : 'nested'] += 1;
          seen.rows += db.resources.size;
        }
      }
    }
    assert.ok(seen.root > 300 && seen.nested > 200 && seen.rows > 3000, JSON.stringify(seen));
  });
});
