import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullId } from '../ids.ts';
import { type AccessGraph, closure, may, visible } from './may.ts';

const id = (kind: string, name: string): ReturnType<typeof fullId> => fullId('a', kind, name);
const [alice, ops, policy, bob] = [
  id('user', 'alice'),
  id('group', 'ops'),
  id('policy', 'p'),
  id('user', 'bob'),
];
const [secret, other] = [id('variable', 'p/secret'), id('variable', 'other')];

const graph: AccessGraph = {
  memberships: [
    { roleId: policy, memberId: ops },
    { roleId: ops, memberId: alice },
    { roleId: alice, memberId: alice },
  ],
  resources: [
    { resourceId: secret, ownerId: policy },
    { resourceId: other, ownerId: id('user', 'admin') },
  ],
  permissions: [
    { resourceId: other, roleId: ops, privilege: 'read' },
    { resourceId: secret, roleId: bob, privilege: 'execute' },
    { resourceId: id('variable', 'gone'), roleId: bob, privilege: 'read' },
  ],
};

test('climbs memberships upward only, through any order of rows and through cycles', () => {
  assert.deepEqual([...closure(alice, graph)].toSorted(), [ops, policy, alice].toSorted());
  assert.deepEqual([...closure(policy, graph)], [policy]);
});

test('gives an owner every privilege, even made-up ones, and through groups', () => {
  assert.ok(may(alice, 'dance', secret, graph) && may(policy, 'update', secret, graph));
});

test('gives everyone else the privileges that are written down', () => {
  assert.ok(may(bob, 'execute', secret, graph) && may(alice, 'read', other, graph));
  assert.ok(
    !may(bob, 'read', secret, graph) &&
      !may(alice, 'execute', other, graph) &&
      !may(bob, 'read', other, graph),
  );
});

test('shows a resource to its owner and to whoever holds any privilege on it', () => {
  assert.ok(visible(alice, secret, graph) && visible(bob, secret, graph) && visible(alice, other, graph));
  assert.ok(!visible(bob, other, graph) && !visible(bob, id('variable', 'gone'), graph));
});
