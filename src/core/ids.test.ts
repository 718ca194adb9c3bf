import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accountOf,
  fullId,
  identifierOf,
  isResourceKind,
  isRoleKind,
  kindOf,
  loginOf,
  parseFullId,
  roleIdOfLogin,
} from './ids.ts';

test('splits a full id on its first two colons only', () => {
  const id = parseFullId('acme:host:a:b/c:d');
  assert.ok(id !== null);
  assert.deepEqual([accountOf(id), kindOf(id), identifierOf(id)], ['acme', 'host', 'a:b/c:d']);
  assert.equal(id, fullId('acme', 'host', 'a:b/c:d'));
});

test('refuses texts that lack a part', () => {
  for (const text of ['', 'a', 'a:b', 'a:b:', ':b:c', 'a::c', '::'])
    assert.equal(parseFullId(text), null, text);
});

test('turns logins into role ids and back', () => {
  for (const [login, id] of [
    ['alice', 'acme:user:alice'],
    ['alice@dev-team', 'acme:user:alice@dev-team'],
    ['host/app/web', 'acme:host:app/web'],
    ['host/a:b', 'acme:host:a:b'],
  ] as const) {
    assert.equal(roleIdOfLogin('acme', login), id);
    assert.equal(loginOf(roleIdOfLogin('acme', login)), login);
  }
});

test('knows the kinds of the routes', () => {
  assert.ok(isRoleKind('host_factory') && !isRoleKind('variable') && !isRoleKind('toString'));
  assert.ok(isResourceKind('configuration') && !isResourceKind('secret'));
});
