import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { Secret } from '../../core/secret.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { type PassLab, startPassLab } from '../testing/pass-lab.ts';
import { apiOf } from '../testing/sources.ts';
import { startVaultStandIn, type VaultStandIn } from '../testing/vault-stand-in.ts';
import type { Misbehaviour } from '../testing/web-stand-in.ts';
import type { VaultAuth } from '../vault/vault-session.ts';
import { vaultWords } from '../vault/vault-shapes.ts';
import { openVaultSource } from '../vault/vault-source.ts';
import type { PassOptions } from './run-pass.ts';
import type { PassOutcome } from './outcome.ts';

interface VaultLab {
  readonly lab: PassLab;
  readonly vault: VaultStandIn;
  readonly pass: (options?: Partial<PassOptions>) => Promise<PassOutcome>;
}

const forEver = 1_000_000;
const noSuch = '{"errors":[]}';
const appRole: VaultAuth = {
  kind: 'approle',
  mount: 'approle',
  roleId: 'role-1',
  secretId: new Secret('secret-1'),
};

describe('a pass from a Vault that dies or lies', { timeout: 120_000 }, () => {
  const listening = listeningServer();

  const vaultLab = async (t: TestContext, auth: VaultAuth = appRole): Promise<VaultLab> => {
    const secrets = ['web/db', 'web/sub/one', 'web/sub/two', 'ops/root'].map(
      (path) => [path, { version: 1, values: { password: `p of ${path}`, port: 1 } }] as const,
    );
    const vault = await startVaultStandIn({ secrets: new Map(secrets) });
    t.after(vault.stop);
    const lab = await startPassLab(t, listening, {});
    const api = apiOf(vault.url, null, vaultWords);
    const pass = (options?: Partial<PassOptions>): Promise<PassOutcome> => {
      const linesOfBusiness = [{ name: 'l', mount: 'kv', namespace: null, auth }];
      return lab.pass(options, { source: openVaultSource({ api, linesOfBusiness, concurrency: 4 }) });
    };
    await pass();
    assert.equal((await lab.snapshot()).size, 8);
    return { lab, vault, pass };
  };

  /** Something changes, and what comes from elsewhere than `safe` stays. */
  for (const [words, misbehaviour, sentence] of [
    ['has an empty mount', { kind: 'empty' }, /"source_empty","lob":"l","safe":null,"kept":8/u],
    [
      'is sealed',
      { kind: 'fails', path: /./u, times: forEver, status: 503 },
      /"source_failed","lob":"l","safe":null,.*\(503\)/u,
    ],
    [
      'has no such mount any more',
      { kind: 'says', path: /metadata\/$/u, status: 404, body: '{"errors":["no handler for route"]}' },
      /"source_failed","lob":"l","safe":null,.*no usable/u,
    ],
    [
      'answers with JSON that is cut off',
      { kind: 'says', path: /subkeys\/web\//u, body: '{"data":{"sub' },
      /"source_failed","lob":"l","safe":"web",.*no usable/u,
    ],
  ] satisfies readonly (readonly [string, Misbehaviour, RegExp])[]) {
    it(`takes nothing away when it ${words}`, async (t) => {
      const { lab, vault, pass } = await vaultLab(t);
      const earlier = await lab.snapshot();
      vault.secrets.set('web/sub/one', { version: 2, values: { password: 'changed', port: 1 } });
      vault.misbehaviour = misbehaviour;
      for (const full of [false, true]) {
        const { reports, failures } = await pass({ full });
        assert.match(JSON.stringify(reports), sentence);
        assert.equal(reports.length + failures.length, 1);
        assert.deepEqual(await lab.snapshot(), earlier);
      }
      vault.misbehaviour = null;
      assert.equal((await pass()).written.length, 1);
      assert.deepEqual(await lab.values('l/web/sub~2Fone/password'), ['changed']);
    });
  }

  for (const [words, misbehaviour, sentence] of [
    [
      'a folder that is named, and not there',
      { kind: 'says', path: /metadata\/web\/sub\/$/u, status: 404, body: noSuch },
      /"account_unread",.*"account":"sub\/",.*kv\/web\/sub\/: the folder is named/u,
    ],
    [
      'a secret that a proxy does not know',
      { kind: 'says', path: /subkeys\/web\/sub\/one$/u, status: 404, body: '<html>not found</html>' },
      /"account_unread",.*"account":"sub\/one",.*kv\/web\/sub\/one: .*no usable/u,
    ],
    [
      'a secret that may not be looked at',
      { kind: 'fails', path: /subkeys\/web\/sub\/one$/u, times: forEver, status: 403 },
      /"account_unread",.*"account":"sub\/one",.*not permitted \(403\)/u,
    ],
  ] satisfies readonly (readonly [string, Misbehaviour, RegExp])[]) {
    it(`brings the others over, and removes nothing of its safe, beside ${words}`, async (t) => {
      const { lab, vault, pass } = await vaultLab(t);
      vault.secrets.set('web/db', { version: 2, values: { password: 'changed', port: 1 } });
      vault.secrets.delete('web/sub/two');
      vault.misbehaviour = misbehaviour;
      const unread = await pass();
      assert.match(JSON.stringify(unread.reports), sentence);
      const codes = unread.reports.map(({ code }) => code).filter((code) => code !== 'removal_withheld');
      assert.deepEqual([unread.written.length, unread.removed, codes.length], [1, [], 1]);
      assert.deepEqual(await lab.values('l/web/db/password', 'l/web/sub~2Fone/password'), [
        'changed',
        'p of web/sub/one',
      ]);
      vault.misbehaviour = null;
      assert.equal((await pass()).removed.length, 2);
    });
  }

  it('takes away what was deleted in it', async (t) => {
    const { lab, vault, pass } = await vaultLab(t);
    vault.secrets.set('web/db', { version: 2, values: {}, deleted: true });
    vault.secrets.delete('web/sub/two');
    assert.equal((await pass()).removed.length, 4);
    assert.deepEqual(await lab.values('l/web/db/password', 'l/web/sub~2Fone/port'), [null, '1']);
  });

  it('removes nothing, and asks for no token per secret, when its role is taken away in mid-pass', async (t) => {
    const { lab, vault, pass } = await vaultLab(t);
    const earlier = await lab.snapshot();
    for (const secret of vault.secrets.values()) {
      secret.version = 2;
      secret.values['password'] = 'changed';
    }
    vault.onAsked = (line) => {
      if (!line.includes('/data/')) return;
      vault.tokens.clear();
      vault.misbehaviour = {
        kind: 'says',
        path: /login$/u,
        status: 400,
        body: '{"errors":["invalid role or secret ID"]}',
      };
    };
    const logins = (): number => vault.asked.filter((line) => line.endsWith('/login')).length;
    const already = logins();
    const { failures } = await pass();
    assert.equal(failures.length, 4);
    for (const { fault } of failures) assert.match(fault, /Cannot log in by approle: invalid role/u);
    assert.equal(logins() - already, 2);
    assert.deepEqual(await lab.snapshot(), earlier);
    vault.onAsked = () => undefined;
    vault.misbehaviour = null;
    assert.equal((await pass()).written.length, 4);
    const values = [...(await lab.snapshot()).entries()].filter(([id]) => id.endsWith('/password'));
    for (const [, value] of values) assert.equal(value, Buffer.from('changed').toString('base64'));
  });

  it('reports a value that is no Unicode, by account, and brings the others over', async (t) => {
    const { vault, lab, pass } = await vaultLab(t, { kind: 'token', token: new Secret('root-token') });
    vault.secrets.set('web/db', { version: 2, values: { password: 'x\ud800', port: 2 } });
    vault.secrets.set('ops/root', { version: 2, values: { password: 'fine', port: 2 } });
    const { failures, written } = await pass();
    assert.deepEqual(
      failures.map(({ account, fault }) => [account, fault]),
      [['db', 'password: the value is no Unicode text (half of a surrogate pair).']],
    );
    assert.equal(written.length, 2);
    assert.deepEqual(await lab.values('l/web/db/password', 'l/ops/root/password'), ['p of web/db', 'fine']);
  });
});
