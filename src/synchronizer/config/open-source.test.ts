import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type ConjurClient, openClient } from '../../client/client.ts';
import { writeSecret } from '../../client/secrets.ts';
import { createTestAuthority, type TestAuthority } from '../../identity/testing/test-authority.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import { listeningServer } from '../../server/testing/listening-server.ts';
import { heldAccount } from '../testing/pass-lab.ts';
import { type PamStandIn, startPamStandIn } from '../testing/pam-stand-in.ts';
import { accountsOf, faultOf, signal, textsOf } from '../testing/sources.ts';
import { textBytes } from '../source/text-bytes.ts';
import { startVaultStandIn } from '../testing/vault-stand-in.ts';
import { openSource } from './open-source.ts';

const variable = 'conjur/vault-synchronizer/vault-lines-of-business/l';

describe('a source that a configuration names', { timeout: 60_000 }, () => {
  const listening = listeningServer();
  let client: ConjurClient;
  let authority: TestAuthority;
  let directory: string;
  before(async () => {
    const { server, url } = listening;
    const fetch = openWebFetch({ ca: null });
    client = openClient({ fetch, url, account: server.account, login: 'admin', apiKey: server.adminApiKey });
    await server.load(`- !variable ${variable}`);
    authority = await createTestAuthority();
    directory = await mkdtemp(join(tmpdir(), 'holdfast-config-'));
  });
  after(async () => {
    await authority[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  const file = async (name: string, content: string, mode = 0o600): Promise<string> => {
    await writeFile(join(directory, name), content, { mode });
    return join(directory, name);
  };
  const web = async (url: string) =>
    ({
      url,
      caFile: await file('ca.crt', authority.caPem),
      timeoutMs: 5000,
      intervalMs: 0,
      concurrency: 4,
    }) as const;
  const tls = async (name: string) => {
    const { certPem: cert, keyPem: key } = await authority.node(name, {
      dnsNames: [],
      ipAddresses: ['127.0.0.1'],
    });
    return { cert, key };
  };
  const pamOf = async (t: TestContext, name: string): Promise<PamStandIn> => {
    const users = new Map([['u', { password: 'p', safes: new Map([['s', [heldAccount('1_1', 'db')]]]) }]]);
    const pam = await startPamStandIn({ users, tls: await tls(name) });
    t.after(pam.stop);
    return pam;
  };
  const pamConfig = async (url: string, cloud: boolean) =>
    ({
      kind: 'cyberark-pam',
      ...(await web(url)),
      properties: 'basic',
      identityUrl: cloud ? url : null,
      linesOfBusiness: [{ name: 'l', method: 'Windows', credentials: { variable } }],
    }) as const;

  it('is PAM or Privilege Cloud, with credentials from a variable', async (t) => {
    const pam = await pamOf(t, 'pvwa');
    await writeSecret(client, variable, textBytes('credentials', '{"username":"u","password":"p"}'));
    for (const cloud of [false, true]) {
      const accounts = await accountsOf(await openSource(await pamConfig(pam.url, cloud), client));
      assert.deepEqual(await textsOf(accounts.get('l/s/db')), { password: 'secret 1_1' });
    }
    assert.ok(pam.asked.includes('POST /PasswordVault/API/Auth/Windows/Logon'));
    assert.ok(pam.asked.includes('POST /oauth2/platformtoken'));
  });

  it('fails for the line of business whose variable holds something else, which is not quoted', async () => {
    for (const text of ['{"user":"u","password":"very secret"}', 'very secret']) {
      await writeSecret(client, variable, textBytes('credentials', text));
      const source = await openSource(await pamConfig('https://127.0.0.1:1', false), client);
      const fault = faultOf(await source.list(null, signal)) ?? '';
      assert.match(fault, /"username" and "password"/u);
      assert.doesNotMatch(fault, /very secret/u);
    }
  });

  it('fails for one line of business whose file is missing, and reads the others', async (t) => {
    const pam = await pamOf(t, 'pvwa-of-two');
    await writeSecret(client, variable, textBytes('credentials', '{"username":"u","password":"p"}'));
    const config = await pamConfig(pam.url, false);
    const passwordFile = join(directory, 'nobody-wrote-this');
    const lost = { name: 'lost', method: 'LDAP', credentials: { username: 'x', passwordFile } } as const;
    const source = await openSource(
      { ...config, linesOfBusiness: [lost, ...config.linesOfBusiness] },
      client,
    );
    const listed = await source.list(null, signal);
    const [found] = listed.filter(({ name }) => name === 'l');
    assert.ok(found?.safes.ok);
    assert.deepEqual(
      found.safes.value.map(({ name }) => name),
      ['s'],
    );
    const [gone] = listed.filter(({ name }) => name === 'lost');
    assert.match(
      gone?.safes.ok === false ? gone.safes.fault : '',
      /^passwordFile: .*cannot be read \(ENOENT\)/u,
    );
    await source.close();
    assert.equal(pam.sessions(), 0);
  });

  it('is Vault, with keys from files that nobody else can read', async (t) => {
    const vault = await startVaultStandIn({
      secrets: new Map([['s/db', { version: 1, values: { key: 'v' } }]]),
      tls: await tls('vault'),
    });
    t.after(vault.stop);
    const lob = { name: 'l', mount: 'kv', namespace: null };
    const openWith = async (
      auth:
        | { readonly kind: 'token'; readonly tokenFile: string }
        | {
            readonly kind: 'approle';
            readonly mount: string;
            readonly roleId: string;
            readonly secretIdFile: string;
          },
    ) =>
      openSource({ kind: 'vault', ...(await web(vault.url)), linesOfBusiness: [{ ...lob, auth }] }, client);
    const tokenFile = await file('token', 'root-token\n');
    const secretIdFile = await file('secret-id', 'secret-1');
    for (const auth of [
      { kind: 'token', tokenFile },
      { kind: 'approle', mount: 'approle', roleId: 'role-1', secretIdFile },
    ] as const) {
      assert.deepEqual(await textsOf((await accountsOf(await openWith(auth))).get('l/s/db')), { key: 'v' });
    }
    const open = await file('open', 'root-token', 0o644);
    const listed = await (await openWith({ kind: 'token', tokenFile: open })).list(null, signal);
    assert.match(faultOf(listed) ?? '', /^tokenFile: .*chmod 600/u);
  });
});
