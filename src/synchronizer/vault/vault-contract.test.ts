import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { Secret } from '../../core/secret.ts';
import type { Source } from '../source/source.ts';
import { accountsOf, apiOf, faultOf, signal, textsOf } from '../testing/sources.ts';
import { startVaultProgram, vaultProgram } from '../testing/vault-program.ts';
import { type HeldSecret, startVaultStandIn } from '../testing/vault-stand-in.ts';
import type { VaultUnderTest } from '../testing/vault-under-test.ts';
import type { VaultAuth } from './vault-session.ts';
import { vaultWords } from './vault-shapes.ts';
import { openVaultSource } from './vault-source.ts';

async function startStandIn(): Promise<VaultUnderTest> {
  const secrets = new Map<string, HeldSecret>();
  const vault = await startVaultStandIn({ secrets });
  const { url, stop, forbidden } = vault;
  const root = { kind: 'token', token: new Secret('root-token') } as const;
  return {
    url,
    stop,
    root,
    appRole: { kind: 'approle', mount: 'approle', roleId: 'role-1', secretId: new Secret('secret-1') },
    put: async (path, values) => {
      secrets.set(path, { version: (secrets.get(path)?.version ?? 0) + 1, values: { ...values } });
    },
    remove: async (path) => {
      const held = secrets.get(path);
      if (held !== undefined) held.deleted = true;
    },
    forget: async (path) => {
      secrets.delete(path);
    },
    agedToken: async () => {
      vault.rootLeftSeconds = 10;
      return { auth: root, leftSeconds: async () => vault.rootLeftSeconds ?? 0 };
    },
    forbid: async (denied) => {
      forbidden.clear();
      for (const path of denied) forbidden.add(path);
    },
  };
}

const program = vaultProgram();
const kinds: readonly {
  readonly name: string;
  readonly start: (() => Promise<VaultUnderTest>) | null;
}[] = [
  { name: 'what stands in for Vault', start: startStandIn },
  { name: 'a real Vault or OpenBao', start: program === null ? null : () => startVaultProgram(program) },
];

/** What the source relies on. The stand-in answers as the real one does, as far as this goes. */
for (const { name, start } of kinds) {
  const skip = start === null ? 'VAULT_BIN names no program' : false;
  describe(`a source of ${name}`, { timeout: 60_000, skip }, () => {
    let vault: VaultUnderTest;
    const paths = ['web/db', 'web/a b/ü', 'loose'];
    before(async () => {
      assert.ok(start !== null);
      vault = await start();
    });
    after(() => vault.stop());
    beforeEach(async () => {
      await vault.forbid([]);
      for (const path of [...paths, 'web/gone']) await vault.forget(path);
      for (const path of paths) await vault.put(path, { password: `p of ${path}`, port: 5432 });
    });

    const sourceOf = (auth: VaultAuth, mount = 'kv'): Source =>
      openVaultSource({
        api: apiOf(vault.url, null, vaultWords),
        linesOfBusiness: [{ name: 'l', mount, namespace: null, auth }],
        concurrency: 4,
      });
    const namesIn = async (source: Source): Promise<readonly string[]> =>
      [...(await accountsOf(source)).keys()].sort();

    for (const kind of ['root', 'appRole'] as const) {
      it(`lists the secrets by folder and reads their fields, by ${kind}`, async () => {
        const source = sourceOf(vault[kind]);
        assert.deepEqual(await namesIn(source), ['l//loose', 'l/web/a b/ü', 'l/web/db']);
        const account = (await accountsOf(source)).get('l/web/a b/ü');
        assert.deepEqual([...(account?.properties ?? [])].sort(), ['password', 'port']);
        assert.deepEqual(await textsOf(account), { password: 'p of web/a b/ü', port: '5432' });
        await source.close();
      });
    }

    it('tells a new version by its revision, and nothing else by it', async () => {
      const source = sourceOf(vault.root);
      const revisions = async () =>
        new Map(Array.from(await accountsOf(source), ([account, { revision }]) => [account, revision]));
      const first = await revisions();
      assert.deepEqual(await revisions(), first);
      await vault.put('web/db', { password: 'next' });
      const second = await revisions();
      const changed = [...first.keys()].filter((account) => first.get(account) !== second.get(account));
      assert.deepEqual(changed, ['l/web/db']);
      assert.deepEqual(await textsOf((await accountsOf(source)).get('l/web/db')), { password: 'next' });
    });

    it('does not list a secret whose newest version was deleted, and one that is gone', async () => {
      const source = sourceOf(vault.appRole);
      await vault.put('web/gone', { password: 'p' });
      await vault.remove('web/gone');
      await vault.forget('web/db');
      assert.deepEqual(await namesIn(source), ['l//loose', 'l/web/a b/ü']);
      await source.close();
    });

    it('lists a secret, and a folder, that the role may not look at with its fault', async () => {
      const source = sourceOf(vault.appRole);
      await vault.forbid(['web/db']);
      const first = await accountsOf(source);
      assert.match(first.get('l/web/db')?.fault ?? '', /Cannot look at kv\/web\/db: .*permission denied/su);
      assert.deepEqual(await textsOf(first.get('l/web/a b/ü')), {
        password: 'p of web/a b/ü',
        port: '5432',
      });
      await vault.forbid(['web/a b/']);
      const second = await accountsOf(source);
      assert.match(second.get('l/web/a b/')?.fault ?? '', /Cannot list kv\/web\/a b\/: .*denied/su);
      assert.equal(second.get('l/web/db')?.fault, undefined);
      await source.close();
    });

    it('has a token renewed that would run out', async () => {
      const { auth, leftSeconds } = await vault.agedToken();
      const aged = await leftSeconds();
      const source = sourceOf(auth);
      await accountsOf(source);
      await source.close();
      const renewed = await leftSeconds();
      assert.ok(renewed > aged, `${renewed} s are left`);
    });

    it('takes a mount without secrets for empty, and one that is not there for a failure', async () => {
      for (const path of paths) await vault.forget(path);
      assert.deepEqual(await namesIn(sourceOf(vault.root)), []);
      const nowhere = await sourceOf(vault.root, 'nosuch').list(null, signal);
      assert.match(faultOf(nowhere) ?? '', /list nosuch\/: the answer has no usable "errors"/u);
    });

    it('says that a token, or a secret id, is refused', async () => {
      const token = sourceOf({ kind: 'token', token: new Secret('another') });
      assert.match(faultOf(await token.list(null, signal)) ?? '', /permission denied.* \(403\)/u);
      const role = sourceOf({ ...vault.appRole, secretId: new Secret('another') });
      assert.match(faultOf(await role.list(null, signal)) ?? '', /Cannot log in by approle/u);
    });
  });
}
