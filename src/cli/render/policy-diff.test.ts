import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyChanges } from '../../client/policies.ts';
import { policyDiff } from './policy-diff.ts';
import { renderDiff } from './policy-diff-text.ts';
import { plainStyle } from './style.ts';

type Item = Readonly<Record<string, unknown>>;

/** As a server describes a role in a dry run. */
function role(kind: string, id: string, more: Item = {}): Item {
  const full = `demo:${kind}:${id}`;
  const owner = 'demo:policy:dev';
  return {
    identifier: full,
    id,
    type: kind,
    owner,
    policy: owner,
    permissions: {},
    annotations: {},
    members: [owner],
    memberships: [],
    restricted_to: [],
    ...more,
  };
}

function variable(id: string, permitted: Item, annotations: Item = {}): Item {
  const owner = 'demo:policy:dev';
  return {
    identifier: `demo:variable:${id}`,
    id,
    type: 'variable',
    owner,
    policy: owner,
    permitted,
    annotations,
  };
}

function render(changes: Partial<PolicyChanges>): string {
  return renderDiff(
    policyDiff({ created: [], before: [], after: [], deleted: [], ...changes }, 'demo'),
    'demo',
    plainStyle,
  );
}

const secret = { execute: ['demo:variable:dev/secret'], read: ['demo:variable:dev/secret'] };
const readers = { execute: ['demo:group:dev/ops'], read: ['demo:group:dev/ops'] };

test('tells each change once, at one end, and not what ownership implies', () => {
  const policy = role('policy', 'dev', { owner: 'demo:user:admin', members: ['demo:user:admin'] });
  const text = render({
    created: [
      role('group', 'dev/ops', { permissions: secret, members: ['demo:policy:dev', 'demo:user:eve'] }),
      variable('dev/secret', readers),
    ],
    before: [{ ...policy, memberships: [] }, role('user', 'eve', { annotations: { note: 'old' } })],
    after: [
      { ...policy, memberships: ['demo:group:dev/ops'] },
      role('user', 'eve', {
        annotations: { note: 'new' },
        memberships: ['demo:group:dev/ops'],
        restricted_to: ['10.0.0.0/8'],
      }),
    ],
    deleted: [role('host', 'dev/web')],
  });
  assert.equal(
    text,
    `
+ group dev/ops
    owner   policy:dev
    member  user:eve
+ variable dev/secret
    owner    policy:dev
    permits  group:dev/ops: execute, read
~ user eve
  - annotation  note: old
  + annotation  note: new
  + only from   10.0.0.0/8
- host dev/web

2 to create, 1 to change, 1 to delete`.trim(),
  );
});

test('tells a permission at the role where the resource is not told of', () => {
  const text = render({
    before: [role('group', 'dev/ops')],
    after: [role('group', 'dev/ops', { permissions: secret })],
  });
  assert.match(text, /~ group dev\/ops\n {2}\+ may {2}variable:dev\/secret: execute, read\n/u);
});

test('names what changes where the server says no more than that', () => {
  const bare = { id: 'demo:host:web', identifier: 'web', type: 'host' };
  assert.match(render({ before: [bare], after: [bare] }), /^~ host web\n\n/u);
  assert.equal(render({}), 'Nothing would change.');
});

test('shows what others wrote without letting it steer the terminal', () => {
  const text = render({ created: [variable('dev/\u001B[2Jx', {}, { 'a\nb': '\u202Etxt' })] });
  assert.ok(!/[\p{Cf}]|[^\n\P{Cc}]/u.test(text), JSON.stringify(text));
  assert.match(text, /\\u\{1b\}\[2Jx/u);
});
