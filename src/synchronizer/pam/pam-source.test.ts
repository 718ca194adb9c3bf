import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { createTestAuthority } from '../../identity/testing/test-authority.ts';
import type { Source } from '../source/source.ts';
import {
  type HeldAccount,
  type PamStandIn,
  type PamStandInSettings,
  startPamStandIn,
} from '../testing/pam-stand-in.ts';
import { pamWords } from './pam-shapes.ts';
import { accountsOf, apiOf, faultOf, signal, textsOf } from '../testing/sources.ts';
import type { PamLogon } from './pam-session.ts';
import { openPamSource } from './pam-source.ts';

function held(id: string, name: string, more: Partial<HeldAccount> = {}): HeldAccount {
  return {
    id,
    name,
    platformId: 'UnixSSH',
    platformAccountProperties: {},
    lastModifiedTime: 1_700_000_000,
    password: `secret of ${id}`,
    ...more,
  };
}

const logon: PamLogon = {
  kind: 'pvwa',
  method: 'LDAP',
  username: 'sync-lob1',
  password: new Secret('correct'),
};

async function lab(
  t: TestContext,
  safes: Readonly<Record<string, readonly HeldAccount[]>>,
  settings: Partial<PamStandInSettings> = {},
  who: PamLogon = logon,
): Promise<{ readonly pam: PamStandIn; readonly source: Source }> {
  const map = new Map(Object.entries(safes).map(([safe, accounts]) => [safe, [...accounts]]));
  const pam = await startPamStandIn({
    users: new Map([['sync-lob1', { password: 'correct', safes: map }]]),
    ...settings,
  });
  t.after(pam.stop);
  const api = apiOf(pam.url);
  const source = openPamSource({
    vault: api,
    identity: api,
    linesOfBusiness: [{ name: 'lob1', logon: who }],
    properties: 'all',
    concurrency: 4,
  });
  return { pam, source };
}

const many = Array.from({ length: 25 }, (_, at) => held(`12_${at}`, `account ${at}`));

describe('a source of CyberArk PAM', { timeout: 30_000 }, () => {
  it('gives a line of business up whose lists are not answered, names its safes, and lists the others', async (t) => {
    const names = Array.from({ length: 24 }, (_, at) => `hangs${at}`);
    const { pam } = await lab(t, Object.fromEntries(names.map((name) => [name, [held(`1_${name}`, 'a')]])));
    pam.users.set('other', { password: 'correct', safes: new Map([['good', [held('2_1', 'b')]]]) });
    pam.misbehaviour = { kind: 'slow', path: /API\/Accounts$/u, of: /safeName eq hangs/u, ms: 60_000 };
    const api = apiOf(pam.url, null, pamWords, 200);
    const linesOfBusiness = [logon, { ...logon, username: 'other' }].map((who) => ({
      name: who.username,
      logon: who,
    }));
    const source = openPamSource({
      vault: api,
      identity: api,
      linesOfBusiness,
      properties: 'all',
      concurrency: 4,
    });
    const [hanging, good] = await source.list(null, signal);
    assert.ok(hanging?.safes.ok && good?.safes.ok);
    assert.deepEqual(
      hanging.safes.value.map(({ name, accounts }) => [name, accounts.ok]),
      names.map((name) => [name, false]),
    );
    assert.equal(good.safes.value[0]?.accounts.ok, true);
    // Three attempts of the first four, and of the few that took their places before the third had failed; not of all of them.
    const asked = pam.asked.filter((line) => line.includes('hangs')).length;
    assert.ok(asked < 3 * 12, `${asked} requests`);
    await source.close();
  });

  it('lists accounts with what they have, and reads a value when it is asked for', async (t) => {
    const { pam, source } = await lab(t, {
      'Linux & co': [
        held('12_1', 'root@db', {
          userName: 'root',
          address: '10.0.0.1',
          platformAccountProperties: { Port: '22', username: 'other' },
        }),
        held('12_2', 'bare'),
      ],
    });
    const accounts = await accountsOf(source);
    assert.deepEqual([...accounts.keys()], ['lob1/Linux & co/root@db', 'lob1/Linux & co/bare']);
    assert.equal(
      pam.asked.some((line) => line.includes('Retrieve')),
      false,
    );
    assert.deepEqual(await textsOf(accounts.get('lob1/Linux & co/root@db')), {
      password: 'secret of 12_1',
      username: 'root',
      address: '10.0.0.1',
      platformId: 'UnixSSH',
      Port: '22',
      'platform/username': 'other',
    });
    assert.deepEqual(accounts.get('lob1/Linux & co/bare')?.properties, ['password', 'platformId']);
    assert.match(accounts.get('lob1/Linux & co/bare')?.revision ?? '', /^1700000000\/[\w-]{22}$/u);
    await source.close();
    assert.equal(pam.sessions(), 0);
  });

  for (const [words, settings] of [
    ['by the links that a server names', { namesNextLink: true, pageSize: 10 }],
    ['by offset', { namesNextLink: false, pageSize: 10 }],
    ['when the count is that of the page', { namesNextLink: true, counts: 'page', pageSize: 10 }],
    [
      'when the count is that of the page, without links',
      { namesNextLink: false, counts: 'page', pageSize: 10 },
    ],
  ] as const) {
    it(`reads lists of several pages ${words}`, async (t) => {
      const { source } = await lab(t, { s: many }, settings);
      assert.equal((await accountsOf(source)).size, 25);
    });
  }

  it('takes half a page for a list that was not read', async (t) => {
    for (const namesNextLink of [true, false]) {
      const { pam, source } = await lab(t, { s: many, t: many }, { namesNextLink, pageSize: 10 });
      pam.misbehaviour = { kind: 'half' };
      assert.match(faultOf(await source.list(null, signal)) ?? '', /not read whole: \d+ entries came of/u);
    }
  });

  it('tries again what may pass, and gives up on what does not', async (t) => {
    const { pam, source } = await lab(t, { s: many });
    pam.misbehaviour = { kind: 'fails', path: /Accounts$/u, times: 2 };
    assert.equal((await accountsOf(source)).size, 25);
    pam.misbehaviour = { kind: 'fails', path: /Accounts$/u, times: 1, status: 429, retryAfter: '0' };
    assert.equal((await accountsOf(source)).size, 25);
    pam.misbehaviour = { kind: 'fails', path: /Accounts$/u, times: 99 };
    assert.match(
      faultOf(await source.list(null, signal)) ?? '',
      /Cannot list the accounts of s: the vault failed \(500\)/u,
    );
    pam.misbehaviour = { kind: 'dies', path: /Accounts$/u };
    assert.match(faultOf(await source.list(null, signal)) ?? '', /broke off/u);
    pam.misbehaviour = { kind: 'slow', path: /Accounts$/u, ms: 60_000 };
    assert.match(faultOf(await source.list(null, signal)) ?? '', /gave no answer within 2000 ms/u);
  });

  it('logs on again when its session has run out', async (t) => {
    const { pam, source } = await lab(t, { s: many });
    const accounts = await accountsOf(source);
    pam.endSessions();
    assert.equal((await textsOf(accounts.get('lob1/s/account 3')))['password'], 'secret of 12_3');
  });

  it('asks few logons of a vault that refuses every value, and leaves no session behind', async (t) => {
    const { pam, source } = await lab(t, { s: many });
    const accounts = await accountsOf(source);
    pam.misbehaviour = { kind: 'fails', path: /Retrieve$/u, times: 1e6, status: 401 };
    const ends = await Promise.allSettled(Array.from(accounts.values(), ({ read }) => read(signal)));
    assert.ok(ends.every(({ status }) => status === 'rejected'));
    assert.equal(pam.asked.filter((line) => line.endsWith('/Logon')).length, 2);
    assert.ok(pam.asked.filter((line) => line.endsWith('/Retrieve')).length < 20);
    await source.close();
    assert.equal(pam.sessions(), 0);
  });

  it('gives an account another revision when only a field of the list changes, and none while it is young', async (t) => {
    const account = held('12_1', 'db', { userName: 'root' });
    const { source } = await lab(t, { s: [account] });
    const look = async () => (await accountsOf(source)).get('lob1/s/db')?.revision;
    const first = await look();
    assert.equal(await look(), first);
    account.userName = 'other';
    assert.notEqual(await look(), first);
    account.lastModifiedTime = Math.floor(Date.now() / 1000);
    assert.equal(await look(), null);
  });

  it('names an account that is gone, and goes on', async (t) => {
    const { pam, source } = await lab(t, { s: many });
    const accounts = await accountsOf(source);
    pam.users.get('sync-lob1')?.safes.set('s', []);
    await assert.rejects(
      async () => accounts.get('lob1/s/account 3')?.read(signal),
      (error) =>
        isProblem(error, 'source_missing') &&
        /Cannot retrieve account 3: The requested object/u.test(error.detail),
    );
  });

  it('logs on at Privilege Cloud', async (t) => {
    const { source } = await lab(
      t,
      { s: many },
      {},
      { kind: 'cloud', clientId: 'sync-lob1', clientSecret: new Secret('correct') },
    );
    assert.equal((await accountsOf(source)).size, 25);
  });

  it('says what is wrong with a logon, without the password', async (t) => {
    const { pam, source } = await lab(t, { s: many }, {}, { ...logon, password: new Secret('wrong one') });
    const fault = faultOf(await source.list(null, signal)) ?? '';
    assert.match(fault, /Cannot log on as sync-lob1: Authentication failure. ITATS542I \(401\)/u);
    assert.doesNotMatch(fault, /wrong one/u);
    assert.equal(pam.asked.length, 1);
  });

  it('trusts no certificate of another authority, and none of another name', async (t) => {
    const authority = await createTestAuthority();
    t.after(() => authority[Symbol.asyncDispose]());
    const good = await authority.node('pvwa', { dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] });
    const other = await authority.node('other', { dnsNames: ['other.test'], ipAddresses: [] });
    const faultWith = async (
      node: { readonly certPem: string; readonly keyPem: string },
      ca: string | null,
    ): Promise<string | null> => {
      const { pam } = await lab(t, { s: many }, { tls: { cert: node.certPem, key: node.keyPem } });
      const api = apiOf(pam.url, ca);
      const source = openPamSource({
        vault: api,
        identity: api,
        linesOfBusiness: [{ name: 'lob1', logon }],
        properties: 'basic',
        concurrency: 4,
      });
      const fault = faultOf(await source.list(null, signal));
      if (fault !== null) assert.equal(pam.asked.length, 0);
      return fault;
    };
    assert.equal(await faultWith(good, authority.caPem), null);
    assert.match((await faultWith(good, null)) ?? '', /is not trusted/u);
    assert.match((await faultWith(other, authority.caPem)) ?? '', /is not good for this name/u);
  });
});
