import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fullId } from '../ids.ts';
import { type Branch, branchJson, ownerOfNew, readBranchUpdate, readNewBranch } from './branch.ts';
import { ownMemberFault, readMember, splitMemberPath } from './member.ts';
import { branchOf, identifierOfPath, pathIn } from './names.ts';
import { creationOf, updateOf } from './rows.ts';

/** The sentence that refuses a body. */
function refusal(fields: Readonly<Record<string, unknown>>): string {
  const reading = readNewBranch(fields);
  assert.ok(!reading.ok);
  return reading.message;
}

describe('bodies of branches', () => {
  it('names every field that is missing, and none that is only blank', () => {
    assert.equal(refusal({}), 'CONJ00190W Missing required parameter: name, branch');
    assert.equal(refusal({ branch: '/' }), 'CONJ00190W Missing required parameter: name');
    assert.equal(refusal({ name: ' ', branch: '/' }), 'CONJ00190W Missing required parameter: ');
  });

  it('names fields that nobody knows, or that hold something else', () => {
    const branch = { name: 'a', branch: '/' };
    assert.equal(refusal({ ...branch, x: 1, y: 2 }), 'Unexpected parameters: x, y');
    assert.equal(refusal({ ...branch, owner: { kind: 'user', id: 'a', z: 1 } }), 'Unexpected parameters: z');
    for (const owner of [null, 'alice', ['alice']])
      assert.equal(refusal({ ...branch, owner }), 'Unexpected parameters: owner');
    assert.equal(refusal({ ...branch, annotations: 'x' }), 'Unexpected parameters: annotations');
    assert.equal(refusal({ name: { a: 1 }, branch: '/' }), 'Unexpected parameters: name');
    assert.equal(refusal({ ...branch, constructor: 1 }), 'Unexpected parameters: constructor');
  });

  it('refuses names, paths, owners and annotations with the sentences that clients know', () => {
    const branch = { name: 'a', branch: 'data' };
    assert.equal(refusal({ ...branch, name: 'a<b>' }), "Name Wrong name 'a<b>'");
    assert.equal(refusal({ ...branch, branch: 'data/<b>' }), "Branch Wrong path 'data/<b>'");
    assert.equal(refusal({ ...branch, name: 'n'.repeat(61) }), 'Name is too long (maximum is 60 characters)');
    assert.equal(
      refusal({ ...branch, owner: { kind: '', id: '' } }),
      "Kind can't be blank, Kind '' is not a valid owner kind, Id can't be blank, Id Wrong path '', and Id is too short (minimum is 1 character)",
    );
    assert.equal(
      refusal({ ...branch, name: 'a<b', owner: { kind: 'layer', id: 'x' } }),
      "Kind 'layer' is not a valid owner kind",
    );
    assert.equal(
      refusal({ ...branch, annotations: { 'Key_of-it': 6, '<>': 'v' } }),
      "Key of-it should have string value but got 6 and <> annotation key format error '<>'",
    );
    assert.equal(
      refusal({ name: 'a', branch: Array(15).fill('s').join('/') }),
      'The number of identifier nesting exceeds maximum depth of 15',
    );
    assert.equal(
      refusal({ name: 'a', branch: 'x'.repeat(949) }),
      'Identifier exceeds maximum length of 950 characters',
    );
  });

  it('takes an empty owner for none, and owners by kind and path', () => {
    const owner = (fields: Readonly<Record<string, unknown>>): string => {
      const reading = readNewBranch({ name: 'n', ...fields });
      assert.ok(reading.ok, JSON.stringify(reading));
      return ownerOfNew('acme', reading.value);
    };
    assert.equal(owner({ branch: '/', owner: {} }), 'acme:user:admin');
    assert.equal(owner({ branch: '/data/x' }), 'acme:policy:data/x');
    assert.equal(owner({ branch: 'data', owner: { kind: 'user', id: '/alice@x' } }), 'acme:user:alice@x');
    assert.equal(owner({ branch: 'data', owner: { kind: 'policy', id: '/' } }), 'acme:policy:root');
  });

  it('says nothing about the parts of an update before it is asked to read them', () => {
    const asked = readBranchUpdate({ owner: { kind: 'nobody', id: 'x' } });
    assert.equal(asked.fault, null);
    assert.deepEqual(asked.read(), { ok: false, message: "Kind 'nobody' is not a valid owner kind" });
    assert.equal(readBranchUpdate({ name: 'x' }).fault, 'Unexpected parameters: name');
  });
});

describe('paths of branches', () => {
  it('takes one slash in front for nothing', () => {
    assert.equal(identifierOfPath('/data/a'), 'data/a');
    assert.deepEqual(['/', 'root', '/root'].map(identifierOfPath), ['root', 'root', 'root']);
    assert.equal(pathIn('/', 'a'), 'a');
    assert.equal(pathIn('data', 'a'), 'data/a');
    assert.equal(branchOf('a'), '/');
  });

  it('takes the last /members/ of a path for the word', () => {
    assert.deepEqual(splitMemberPath('data/members/host/x/members/user/bob'), {
      group: 'data/members/host/x',
      member: { kind: 'user', id: 'bob' },
    });
    assert.equal(splitMemberPath('data/members/host'), null);
  });

  it('refuses members of other kinds, and a group in itself', () => {
    const reading = readMember({ kind: 'policy', id: 'x' });
    assert.deepEqual(reading, { ok: false, message: "Kind 'policy' is not a valid member kind" });
    assert.match(ownMemberFault('data/g', { kind: 'group', id: '/data/g' }) ?? '', /CONJ00191W .*of itself$/);
    assert.equal(ownMemberFault('g', { kind: 'host', id: 'g' }), null);
  });
});

describe('rows of branches', () => {
  const branch: Branch = {
    id: fullId('acme', 'policy', 'data/a'),
    ownerId: fullId('acme', 'policy', 'data'),
    policyId: fullId('acme', 'policy', 'data'),
    annotations: { kept: 'k', old: 'o' },
  };

  it('makes the rows of a policy with its owner as a member', () => {
    const changes = creationOf(branch, [['note', 'n']]);
    assert.deepEqual(
      changes.map(({ op, table }) => `${op} ${table}`),
      ['insert roles', 'insert resources', 'insert role_memberships', 'insert annotations'],
    );
    assert.deepEqual(changes[2], {
      op: 'insert',
      table: 'role_memberships',
      roleId: branch.id,
      memberId: branch.ownerId,
      adminOption: true,
      ownership: true,
      policyId: branch.policyId,
    });
  });

  it('changes only what is different, and moves the membership with the owner', () => {
    assert.deepEqual(updateOf(branch, branch.ownerId, [['kept', 'k']]), []);
    const moved = updateOf(branch, fullId('acme', 'user', 'bob'), [
      ['old', 'new'],
      ['constructor', 'x'],
    ]);
    assert.deepEqual(
      moved.map(({ op, table }) => `${op} ${table}`),
      [
        'update resources',
        'delete role_memberships',
        'insert role_memberships',
        'insert annotations',
        'update annotations',
      ],
    );
  });

  it('shows name, parent and owner', () => {
    assert.deepEqual(branchJson(branch), {
      name: 'a',
      branch: 'data',
      owner: { kind: 'policy', id: 'data' },
      annotations: { kept: 'k', old: 'o' },
    });
  });
});
