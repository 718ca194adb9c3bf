import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Secret } from '../../core/secret.ts';
import type { Source } from '../source/source.ts';
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
    assert.equal(vault.asked.length, 2, 'the look at the token, and one list');
  });

  it('takes a failure below a folder for a folder that was not read', async (t) => {
    const { vault, source } = await lab(t, token);
    vault.misbehaviour = { kind: 'fails', path: /subkeys\/web\/db/u, times: 99 };
    assert.match(faultOf(await source.list(null, signal)) ?? '', /Cannot look at kv\/web\/db/u);
  });

  it('gives numbers as Vault writes them', async (t) => {
    const { vault, source } = await lab(t, token);
    const body =
      '{"data":{"data":{"n":12345678901234567890,"f":1.10,"e":1e999,"o":{"id":9007199254740993},"t":"1.10"},"metadata":{}}}';
    vault.misbehaviour = { kind: 'says', path: /data\/web\/db/u, body };
    const accounts = await accountsOf(source);
    const values = await accounts.get('kv/web/db')?.read(signal);
    assert.deepEqual(
      Array.from(values ?? [], ([name, value]) => [name, new TextDecoder().decode(value.reveal())]),
      [
        ['n', '12345678901234567890'],
        ['f', '1.10'],
        ['e', '1e999'],
        ['o', '{"id":9007199254740993}'],
        ['t', '1.10'],
      ],
    );
  });

  for (const [words, body] of [
    ['a page of a proxy', '<html>not found</html>'],
    ['JSON of a gateway', '{"message":"no such service"}'],
    ['another reason', '{"errors":["no handler for route"]}'],
    ['a version that is there', '{"data":{"metadata":{"deletion_time":"","destroyed":false,"version":1}}}'],
    ['data without metadata', '{"data":{}}'],
  ] as const) {
    it(`does not take ${words} with status 404 for a secret that was deleted`, async (t) => {
      const { vault, source } = await lab(t, token);
      vault.misbehaviour = { kind: 'says', path: /subkeys\/web\/db$/u, status: 404, body };
      const accounts = await accountsOf(source);
      assert.match(accounts.get('kv/web/db')?.fault ?? '', /look at kv\/web\/db: .*no usable/u);
      assert.equal(accounts.get('kv/web/a b/ü')?.fault, undefined);
    });
  }

  it('takes nothing for empty that is no mount, or in no such namespace', async (t) => {
    const { vault } = await lab(t, token);
    for (const [mount, namespace] of [
      ['nosuch', null],
      ['kv', 'nosuch'],
    ] as const) {
      const api = apiOf(vault.url, null, vaultWords);
      const lob = { name: 'kv', mount, namespace, auth: token };
      const source = openVaultSource({ api, linesOfBusiness: [lob], concurrency: 4 });
      const [listed] = await source.list(null, signal);
      assert.match(listed?.safes.ok === false ? listed.safes.fault : '', /no usable "errors"/u);
    }
  });

  it('revokes its token when it ends, and one that it replaced', async (t) => {
    const { vault, source } = await lab(t, appRole);
    await accountsOf(source);
    vault.tokens.clear();
    await accountsOf(source);
    await source.close();
    assert.deepEqual([...vault.tokens], []);
    assert.equal(vault.asked.filter((line) => line.endsWith('/revoke-self')).length, 2);
  });

  it('leaves a token alone that it was given, but for having it renewed once in a pass', async (t) => {
    const { vault, source } = await lab(t, token);
    vault.rootLeftSeconds = 499;
    await accountsOf(source);
    await accountsOf(source);
    await source.close();
    assert.equal(vault.rootLeftSeconds, 1000);
    assert.equal(vault.asked.filter((line) => line.includes('/auth/token/')).length, 2);
    assert.ok(vault.tokens.has('root-token'));
  });

  it('lists each secret that cannot be looked at with its fault, and the others as they are', async (t) => {
    const { vault, source } = await lab(t, token);
    const nothing = '{"data":{"subkeys":null,"metadata":{"created_time":"x","version":1}}}';
    for (const [status, body, fault] of [
      [403, '{"errors":["permission denied"]}', /permission denied \(403\)/u],
      [500, '{"errors":["cannot decrypt"]}', /cannot decrypt \(500\)/u],
      [200, nothing, /no usable "subkeys"/u],
    ] as const) {
      vault.misbehaviour = { kind: 'says', path: /subkeys\/web\/db$/u, status, body };
      const accounts = await accountsOf(source);
      assert.match(accounts.get('kv/web/db')?.fault ?? '', fault);
      assert.deepEqual(accounts.get('kv/web/db')?.properties, []);
      assert.deepEqual(await textsOf(accounts.get('kv/web/a b/ü')), { key: 'k' });
    }
  });

  it('finds the one secret in a large folder that may be looked at', async (t) => {
    const { vault, source } = await lab(t, token);
    vault.secrets.clear();
    for (let at = 0; at < 300; at += 1) vault.secrets.set(`web/s${at}`, { version: 1, values: { k: 'v' } });
    vault.misbehaviour = {
      kind: 'fails',
      path: /subkeys\/web\/s(?:\d|[1-9]\d|1\d\d)$/u,
      times: 1e6,
      status: 403,
    };
    const accounts = [...(await accountsOf(source)).values()];
    assert.deepEqual(
      [accounts.length, accounts.filter(({ fault }) => fault === undefined).length],
      [300, 100],
    );
  });

  it('takes a safe of which nothing can be looked at for one that was not read', async (t) => {
    const { vault, source } = await lab(t, token);
    vault.misbehaviour = { kind: 'fails', path: /subkeys\/loose$/u, times: 1e6, status: 403 };
    assert.match(faultOf(await source.list([''], signal)) ?? '', /Cannot look at kv\/loose: not permitted/u);
  });

  it('is asked for little when it does not answer, and all that was not read is named', async (t) => {
    const { vault } = await lab(t, token);
    for (let at = 0; at < 40; at += 1) vault.secrets.set(`s${at}/db`, { version: 1, values: { k: 'v' } });
    vault.misbehaviour = { kind: 'slow', path: /metadata\/s\d+\/$/u, ms: 60_000 };
    const lobs = ['one', 'two'].map((name) => ({ name, mount: 'kv', namespace: null, auth: token }));
    const api = apiOf(vault.url, null, vaultWords, 200);
    const source = openVaultSource({ api, linesOfBusiness: lobs, concurrency: 4 });
    const listed = await source.list(null, signal);
    const safes = listed.flatMap(({ safes: each }) => (each.ok ? each.value : []));
    const unread = safes.filter(({ accounts }) => !accounts.ok);
    assert.equal(safes.length, 84);
    assert.ok(unread.length >= 80);
    const asked = vault.asked.filter((line) => /metadata\/s\d/u.test(line)).length;
    // Three each for all eighty, if nothing were given up. How many are under way when it is depends on the moment.
    assert.ok(asked < 80, `${asked} requests`);
  });

  it('has few logins, and few requests, with hundreds of secrets of which none may be looked at', async (t) => {
    const { vault, source } = await lab(t, appRole);
    for (let at = 0; at < 500; at += 1) vault.secrets.set(`web/s${at}`, { version: 1, values: { k: 'v' } });
    vault.misbehaviour = { kind: 'fails', path: /subkeys\/web/u, times: 1e6, status: 403 };
    assert.match(
      faultOf(await source.list(null, signal)) ?? '',
      /None of 100 secrets .*not permitted \(403\)/u,
    );
    // Requests take their turns: this one comes behind all that still wait.
    await source.list(['none'], signal);
    const of = (path: RegExp): number => vault.asked.filter((line) => path.test(line)).length;
    assert.ok(of(/subkeys/u) < 120, `${of(/subkeys/u)} requests`);
    assert.ok(of(/\/login$/u) <= 2);
    await source.close();
    assert.equal(vault.tokens.size, 1);
  });
});
