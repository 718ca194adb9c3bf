import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Secret } from '../../core/secret.ts';
import type { Source } from '../source.ts';
import { accountsOf, apiOf, faultOf, signal, textsOf } from '../testing/sources.ts';
import { type HeldSecret, startVaultStandIn, type VaultStandIn } from '../testing/vault-stand-in.ts';
import type { VaultAuth } from './vault-session.ts';
import { vaultWords } from './vault-shapes.ts';
import { openVaultSource } from './vault-source.ts';

const token: VaultAuth = { kind: 'token', token: new Secret('root-token') };
const appRole: VaultAuth = {
  kind: 'approle',
  mount: 'approle',
  roleId: 'role-1',
  secretId: new Secret('secret-1'),
};

async function lab(
  t: TestContext,
  auth: VaultAuth,
  namespace: string | null = null,
): Promise<{ readonly vault: VaultStandIn; readonly source: Source }> {
  const secrets = new Map<string, HeldSecret>([
    ['web/db', { version: 3, values: { password: 'p', port: 5432 } }],
    ['web/a b/ü', { version: 1, values: { key: 'k' } }],
    ['web/gone', { version: 2, values: { key: 'k' }, deleted: true }],
    ['loose', { version: 1, values: { key: 'l' } }],
  ]);
  const vault = await startVaultStandIn({ secrets, ...(namespace === null ? {} : { namespace }) });
  t.after(vault.stop);
  const api = apiOf(vault.url, null, vaultWords);
  const source = openVaultSource({
    api,
    linesOfBusiness: [{ name: 'kv', mount: 'kv', namespace, auth }],
    concurrency: 4,
  });
  return { vault, source };
}

describe('a source of Vault or OpenBao', { timeout: 30_000 }, () => {
  for (const [words, auth, namespace] of [
    ['a token', token, null],
    ['AppRole, in a namespace', appRole, 'team'],
  ] as const) {
    it(`lists secrets by folder and reads their fields, with ${words}`, async (t) => {
      const { vault, source } = await lab(t, auth, namespace);
      const accounts = await accountsOf(source);
      assert.deepEqual([...accounts.keys()].sort(), ['kv//loose', 'kv/web/a b/ü', 'kv/web/db']);
      assert.equal(
        vault.asked.some((line) => line.includes('/data/')),
        false,
      );
      const db = accounts.get('kv/web/db');
      assert.deepEqual([db?.properties, db?.revision], [['password', 'port'], '3/2026-01-02T03:04:05.678Z']);
      assert.deepEqual(await textsOf(db), { password: 'p', port: '5432' });
    });
  }

  it('logs in again when its token has run out', async (t) => {
    const { vault, source } = await lab(t, appRole);
    const accounts = await accountsOf(source);
    vault.tokens.clear();
    assert.deepEqual(await textsOf(accounts.get('kv//loose')), { key: 'l' });
  });

  it('does not take what it may not read for what is not there', async (t) => {
    const { vault, source } = await lab(t, { kind: 'token', token: new Secret('another') });
    assert.match(faultOf(await source.list(null, signal)) ?? '', /permission denied \(403\)/u);
    assert.equal(vault.asked.length, 1);
  });

  it('takes a failure below a folder for a folder that was not read', async (t) => {
    const { vault, source } = await lab(t, token);
    vault.misbehaviour = { kind: 'fails', path: /subkeys\/web\/db/u, times: 99 };
    assert.match(faultOf(await source.list(null, signal)) ?? '', /Cannot look at kv\/web\/db/u);
  });
});
