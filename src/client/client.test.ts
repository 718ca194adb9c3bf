import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { isProblem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { listeningServer } from '../server/testing/listening-server.ts';
import { type ConjurClient, openClient, openDoor } from './client.ts';
import type { Fetch } from './fetch.ts';
import { createHost } from './host-factories.ts';
import { changePassword, logIn, rotateKeyOf, rotateOwnKey, whoAmI } from './identity.ts';
import { dryRunPolicy, loadPolicy } from './policies.ts';
import { ApiRefusal } from './refusal.ts';
import {
  checkPrivilege,
  countResources,
  listAllRoles,
  listMembers,
  listResources,
  showResource,
} from './resources.ts';
import { readSecret, readSecrets, writeSecret } from './secrets.ts';

const policy = `
- !policy
  id: shop
  body:
    - !variable db/password
    - !variable 'odd: ä/%2F +&?#'
    - !host web
    - !user eve
    - !group ops
    - !grant {role: !group ops, member: !host web}
    - !permit {role: !host web, privileges: [read, execute], resource: !variable db/password}`;
const everything = { kind: null, search: null, role: null, limit: null, offset: null };

describe('the client, with a real server', { timeout: 60_000 }, () => {
  const listening = listeningServer({ settings: { listLimitMax: 3 } });
  let admin: ConjurClient;
  const asked: string[] = [];
  const fetch: Fetch = (to, init) => {
    asked.push(`${init.method} ${new URL(to).pathname}`);
    return globalThis.fetch(to, init);
  };
  const clientOf = (login: string, key: string): ConjurClient =>
    openClient({
      fetch,
      url: `${listening.url}/`,
      account: listening.server.account,
      login,
      apiKey: new Secret(key),
    });
  const keys = new Map<string, string>();

  before(async () => {
    admin = clientOf('admin', listening.server.adminApiKey.reveal());
    const { createdRoles } = await loadPolicy(admin, { branch: 'root', mode: 'load', text: policy });
    for (const { id, apiKey } of createdRoles) keys.set(id, apiKey.reveal());
  });

  it('fetches one token for requests at the same time, and keeps it', async () => {
    const client = clientOf('host/shop/web', keys.get('demo:host:shop/web') ?? '');
    asked.length = 0;
    await Promise.all([whoAmI(client), whoAmI(client), whoAmI(client)]);
    const me = await whoAmI(client);
    assert.deepEqual([me.account, me.username], ['demo', 'host/shop/web']);
    assert.equal(asked.filter((one) => one.endsWith('/authenticate')).length, 1);
    assert.equal(asked.length, 5);
  });

  it('fetches another token when one that it kept is refused', async () => {
    await whoAmI(admin);
    listening.server.time.now += 481_000; // the server's clock only: the client believes that the token is good
    listening.server.become();
    asked.length = 0;
    await whoAmI(admin);
    assert.deepEqual(
      asked.map((one) => one.split('/').at(-1)),
      ['whoami', 'authenticate', 'whoami'],
    );
  });

  it('carries values, names and ids of any kind both ways', async () => {
    const odd = 'shop/odd: ä/%2F +&?#';
    const bytes = new Uint8Array([0, 255, 10, 13, 128]);
    await writeSecret(admin, 'shop/db/password', new Secret(new TextEncoder().encode('first\n')));
    await writeSecret(admin, 'shop/db/password', new Secret(new TextEncoder().encode('second €')));
    await writeSecret(admin, odd, new Secret(bytes));
    assert.deepEqual((await readSecret(admin, odd, null)).reveal(), bytes);
    assert.equal(
      new TextDecoder().decode((await readSecret(admin, 'shop/db/password', 1)).reveal()),
      'first\n',
    );
    const batch = await readSecrets(admin, ['shop/db/password']);
    assert.equal(batch.get('shop/db/password')?.reveal(), 'second €');
    assert.equal(
      (await showResource(admin, { kind: 'variable', identifier: odd }))['id'],
      `demo:variable:${odd}`,
    );
  });

  it('says where its writes are with all that it sends later, and so does a client that goes on with it', async () => {
    const told: (string | null)[] = [];
    const noting: Fetch = (to, init) => {
      told.push(new Headers(init.headers).get('x-holdfast-position'));
      return globalThis.fetch(to, init);
    };
    const position = { position: null };
    const settings = {
      fetch: noting,
      url: listening.url,
      account: listening.server.account,
      login: 'admin',
      apiKey: listening.server.adminApiKey,
      position,
    };
    const client = openClient(settings);
    const bytes = new TextEncoder().encode('where');
    await readSecret(client, 'shop/db/password', 1);
    await writeSecret(client, 'shop/db/password', new Secret(bytes));
    assert.deepEqual(told, [null, null, null], 'log in, read, write');
    await readSecret(client, 'shop/db/password', null);
    assert.match(told.at(-1) ?? '', /^1-[0-9A-F]+\/[0-9A-F]+$/);
    const written = told.at(-1);
    await whoAmI(openClient(settings));
    assert.deepEqual(told.slice(-2), [written, written], 'also to log in');
  });

  it('answers all that may be seen, however few a server gives at once', async () => {
    const ids = (await listResources(admin, everything)).map(({ id }) => id);
    assert.ok(ids.length > 3);
    assert.equal(new Set(ids).size, await countResources(admin, everything));
    assert.deepEqual(
      (await listResources(admin, { ...everything, limit: 5 })).map(({ id }) => id),
      ids.slice(0, 5),
    );
  });

  it('answers what may be seen, who is a member, and who may do what', async () => {
    assert.deepEqual(
      (await listResources(admin, { ...everything, kind: 'variable', limit: 1, offset: 1 })).map(
        ({ id }) => id,
      ),
      ['demo:variable:shop/odd: ä/%2F +&?#'],
    );
    assert.equal((await listMembers(admin, { kind: 'group', identifier: 'shop/ops' })).length, 2);
    assert.deepEqual(await listAllRoles(admin, { kind: 'host', identifier: 'shop/web' }), [
      'demo:group:shop/ops',
      'demo:host:shop/web',
    ]);
    const web = clientOf('host/shop/web', keys.get('demo:host:shop/web') ?? '');
    const password = { kind: 'variable', identifier: 'shop/db/password' };
    assert.equal(await checkPrivilege(web, password, 'execute', null), true);
    assert.equal(await checkPrivilege(web, password, 'update', null), false);
    assert.equal(await checkPrivilege(admin, password, 'update', 'demo:host:shop/web'), false);
  });

  it('says what a policy would change, and where one is wrong', async () => {
    const good = await dryRunPolicy(admin, {
      branch: 'shop',
      mode: 'update',
      text: '- !delete {record: !host web}\n- !group new',
    });
    assert.ok(good.valid);
    assert.deepEqual([good.changes.created.length, good.changes.deleted.length], [1, 1]);
    const bad = await dryRunPolicy(admin, {
      branch: 'shop',
      mode: 'update',
      text: '- !group new\n- !nonsense x',
    });
    assert.ok(!bad.valid);
    assert.equal(bad.faults[0]?.line, 2);
  });

  it('tries no policy on a server that would load it instead', async () => {
    for (const [said, tries] of [
      ['1.21.0', false],
      ['1.9.2-5', false],
      ['soon', false],
      ['1.21.1', true],
      ['2.0', true],
    ] as const) {
      const older: Fetch = async (to, init) => {
        const { pathname } = new URL(to);
        if (pathname === '/info') return new Response(null, { status: 404 });
        return pathname === '/' ? Response.json({ version: said }) : globalThis.fetch(to, init);
      };
      const apiKey = listening.server.adminApiKey;
      const client = openClient({
        fetch: older,
        url: listening.url,
        account: listening.server.account,
        login: 'admin',
        apiKey,
      });
      const trial = dryRunPolicy(client, { branch: 'root', mode: 'load', text: '- !group never' });
      if (tries) assert.ok((await trial).valid, said);
      else await assert.rejects(trial, (error) => isProblem(error, 'api_not_allowed'), said);
    }
    assert.equal(await countResources(admin, { ...everything, kind: 'group', search: 'never' }), 0);
  });

  it('rotates keys and changes passwords, of which only the newest is worth anything', async () => {
    const host = { kind: 'host', identifier: 'shop/web' };
    const old = clientOf('host/shop/web', keys.get('demo:host:shop/web') ?? '');
    const fresh = clientOf('host/shop/web', (await rotateKeyOf(admin, host)).reveal());
    await assert.rejects(whoAmI(old), refusal('api_unauthenticated', 401));
    const third = await rotateOwnKey(fresh);
    await whoAmI(clientOf('host/shop/web', third.reveal()));
    const eve = clientOf('eve@shop', keys.get('demo:user:eve@shop') ?? '');
    const password = new Secret('Correct-Horse-Battery-9');
    await changePassword(eve, password);
    const door = openDoor({ fetch, url: listening.url });
    const key = await logIn(door, { account: 'demo', login: 'eve@shop', password });
    assert.equal(key.reveal(), keys.get('demo:user:eve@shop'));
  });

  it('tells each refusal as a Problem with status and words of the server, and never a secret', async () => {
    const web = clientOf('eve@shop', keys.get('demo:user:eve@shop') ?? '');
    const door = openDoor({ fetch, url: listening.url });
    const canary = new Secret('canary-of-a-password');
    const refused: readonly (readonly [() => Promise<unknown>, ReturnType<typeof refusal>])[] = [
      [() => readSecret(web, 'shop/db/password', null), refusal('api_missing', 404, /CONJ00076E/u)],
      [() => readSecret(admin, 'no/such', null), refusal('api_missing', 404, /no\/such/u)],
      [
        () => writeSecret(admin, 'shop/db/password', new Secret(new Uint8Array())),
        refusal('api_invalid', 422, /empty/u),
      ],
      [
        () => logIn(door, { account: 'demo', login: 'admin', password: canary }),
        refusal('api_unauthenticated', 401),
      ],
      [
        () => whoAmI(clientOf('admin', canary.reveal())),
        refusal('api_unauthenticated', 401, /log in as admin/u),
      ],
      [() => changePassword(admin, canary), refusal('api_invalid', 422, /CONJ00046E/u)],
      [() => loadPolicy(web, { branch: 'root', mode: 'load', text: '[]' }), refusal('api_missing', 404)],
    ];
    for (const [attempt, expected] of refused) await assert.rejects(attempt, expected);
    const wrong = { id: 'x', token: canary, annotations: {} };
    await assert.rejects(
      createHost(door, wrong),
      (error) => isProblem(error) && !error.detail.includes('canary'),
    );
  });
});

/** Whether an error is that Problem, says why, and quotes no secret. */
function refusal(code: string, status: number, says = /./u): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ApiRefusal, String(error));
    assert.deepEqual([error.code, error.status], [code, status], error.detail);
    assert.match(error.detail, says);
    assert.ok(error.detail.includes(String(status)));
    assert.ok(!JSON.stringify([error.detail, error.message, error.stack]).includes('canary'));
    return true;
  };
}
