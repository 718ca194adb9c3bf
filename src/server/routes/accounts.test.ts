import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAccount } from '../../store/accounts.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('accounts, by a token of the account "!"', { timeout: 60_000 }, () => {
  let server: TestServer;
  let authorization: string;
  before(async () => {
    server = await startTestServer();
    const { store } = server;
    const { adminApiKey } = await store.writes.transaction((sql) => createAccount(sql, store.dataKey, '!'));
    authorization = await tokenOf('!', 'admin', adminApiKey.reveal());
  });
  after(() => server.stop());

  const tokenOf = async (account: string, login: string, apiKey: string): Promise<string> => {
    const url = `/authn/${encodeURIComponent(account)}/${encodeURIComponent(login)}/authenticate`;
    const answer = await server.app.inject({ method: 'POST', url, payload: apiKey });
    assert.equal(answer.statusCode, 200);
    return `Token token="${Buffer.from(answer.body).toString('base64')}"`;
  };
  const send = (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    payload = '',
    headers: Readonly<Record<string, string>> = { authorization },
  ): ReturnType<TestServer['asAdmin']> =>
    server.app.inject({ method, url, payload, headers: { ...form, ...headers } });
  const create = async (name: string): Promise<string> => {
    const answer = await send('POST', '/accounts', `id=${encodeURIComponent(name)}`);
    assert.equal(answer.statusCode, 201, answer.body);
    assert.equal(answer.json<{ id: string }>().id, name);
    return answer.json<{ api_key: string }>().api_key;
  };

  it('makes an account whose admin can log in and load a policy', async () => {
    const key = await create('new_account@example.com');
    const headers = { authorization: await tokenOf('new_account@example.com', 'admin', key) };
    const url = '/policies/new_account@example.com/policy/root';
    const loaded = await send('POST', url, '- !variable db', headers);
    assert.equal(loaded.statusCode, 201, loaded.body);
    const list = await send('GET', '/accounts');
    assert.deepEqual(list.json(), ['demo', 'new_account@example.com']);
  });

  it('hears no token of a role that was deleted, though one of its name has the right now', async () => {
    const load = async (text: string): Promise<string> => {
      const answer = await server.app.inject({
        method: 'PATCH',
        url: '/policies/!/policy/root',
        payload: text,
        headers: { authorization },
      });
      assert.equal(answer.statusCode, 201, answer.body);
      const { created_roles: roles } = answer.json<{ created_roles: Record<string, { api_key: string }> }>();
      return roles['!:user:reader']?.api_key ?? '';
    };
    await server.store.writes.transaction(async (sql) => {
      await sql`update resources set policy_id = '!:policy:root' where resource_id = '!:webservice:accounts'`;
    });
    const made =
      '- !user reader\n- !permit { role: !user reader, privilege: read, resource: !webservice accounts }';
    const old = { authorization: await tokenOf('!', 'reader', await load(made)) };
    assert.equal((await send('GET', '/accounts', '', old)).statusCode, 200);
    await load('- !delete { record: !user reader }');
    assert.equal((await send('GET', '/accounts', '', old)).statusCode, 403);
    await load(made);
    assert.equal((await send('GET', '/accounts', '', old)).statusCode, 403);
  });

  // cyberark/conjur, cucumber/api/features/account_create.feature
  it('refuses a name that is taken with 409, and one with a space or a colon with 422', async () => {
    await create('taken');
    const taken = await send('POST', '/accounts', 'id=taken');
    assert.equal(taken.statusCode, 409);
    assert.deepEqual(taken.json(), {
      error: {
        code: 'conflict',
        message: 'account "taken" already exists',
        target: 'account',
        details: { code: 'conflict', target: 'id', message: 'taken' },
      },
    });
    for (const [body, said] of [
      ['id=test:bad', 'account name "test:bad" contains invalid characters (:)'],
      ['id=test+bad', 'account name "test bad" contains invalid characters ( )'],
    ] as const) {
      const answer = await send('POST', '/accounts', body);
      assert.equal(answer.statusCode, 422);
      assert.deepEqual(answer.json(), { error: { code: 'argument_error', message: said } });
    }
  });

  it('refuses what can be no name with a 4xx, whatever it is', async () => {
    for (const body of [
      '',
      'id=',
      'id=a/b',
      'id=a%00b',
      'id=!x',
      `id=${'x'.repeat(200)}`,
      'id=%FF',
      'id[]=a&id[]=b',
    ]) {
      const { statusCode } = await send('POST', '/accounts', body);
      assert.ok(statusCode >= 400 && statusCode < 500, `${body}: ${statusCode}`);
    }
    const json = { authorization, 'content-type': 'application/json' };
    for (const body of ['{', '[]', '{"id":7}', '{"id":null}', '{"id":"a b"}']) {
      const { statusCode } = await send('POST', '/accounts', body, json);
      assert.ok(statusCode >= 400 && statusCode < 500, `${body}: ${statusCode}`);
    }
  });

  it('refuses callers without the right, whatever their own account says', async () => {
    const url = '/policies/demo/policy/root';
    await send(
      'POST',
      url,
      '- !permit {role: !user {id: admin}, privileges: [read, execute, update], resource: !webservice {account: "!", id: accounts}}',
      {
        authorization: await tokenOf('demo', 'admin', server.adminApiKey.reveal()),
      },
    );
    const stranger = await tokenOf('demo', 'admin', server.adminApiKey.reveal());
    const made = await send(
      'POST',
      '/policies/!/policy/root',
      '- !user clerk\n- !permit {role: !user clerk, privileges: [read], resource: !webservice accounts}',
    );
    assert.equal(made.statusCode, 201, made.body);
    const { created_roles: roles } = made.json<{ created_roles: Record<string, { api_key: string }> }>();
    const clerk = await tokenOf('!', 'clerk', roles['!:user:clerk']?.api_key ?? '');
    const status = async (method: 'GET' | 'POST' | 'DELETE', path: string, token: string): Promise<number> =>
      (await send(method, path, method === 'POST' ? 'id=loot' : '', { authorization: token })).statusCode;
    assert.deepEqual(
      [
        await status('GET', '/accounts', stranger),
        await status('POST', '/accounts', stranger),
        await status('DELETE', '/accounts/demo', stranger),
        await status('GET', '/accounts', clerk),
        await status('POST', '/accounts', clerk),
        await status('DELETE', '/accounts/demo', clerk),
      ],
      [403, 403, 403, 200, 403, 403],
    );
    assert.equal(
      await status('DELETE', '/accounts/!', authorization),
      403,
      'the account of the rights themselves',
    );
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      const { statusCode, body } = await send(
        method,
        method === 'DELETE' ? '/accounts/demo' : '/accounts',
        '',
        {},
      );
      assert.deepEqual({ statusCode, body }, { statusCode: 401, body: 'Authorization missing' });
    }
  });

  it('leaves no row of a deleted account in any table, and its tokens and keys are worth nothing', async () => {
    const key = await create('doomed');
    const neighbour = await create('doomed2'); // shares the beginning of its name
    const old = { authorization: await tokenOf('doomed', 'admin', key) };
    const policy = `
- !policy
  id: app
  annotations: {note: gone soon}
  body:
    - !variable db
    - !host {id: web, restricted_to: 127.0.0.1}
    - !user {id: eve, public_keys: ["ssh-rsa AAAA eve@laptop"]}
    - !group ops
    - !layer servers
    - !host-factory {id: factory, layers: [!layer servers]}
    - !grant {role: !group ops, member: !user eve}
    - !permit {role: !host web, privileges: [read, execute], resource: !variable db}`;
    assert.equal((await send('POST', '/policies/doomed/policy/root', policy, old)).statusCode, 201);
    assert.equal((await send('POST', '/secrets/doomed/variable/app/db', 'a value', old)).statusCode, 201);
    await send(
      'POST',
      '/host_factory_tokens',
      'host_factory=doomed:host_factory:app/factory&expiration=2099-01-01T00:00:00Z',
      old,
    );
    assert.notDeepEqual(await tablesThatName('doomed'), []);

    assert.equal((await send('DELETE', '/accounts/doomed')).statusCode, 204);

    assert.deepEqual(await tablesThatName('doomed'), []);
    assert.equal((await send('GET', '/accounts')).json<string[]>().includes('doomed'), false);
    const refused = await send('GET', '/secrets/doomed/variable/app/db', '', old);
    assert.ok([401, 403].includes(refused.statusCode), String(refused.statusCode));
    assert.equal((await send('DELETE', '/accounts/doomed')).statusCode, 404);
    await tokenOf('doomed2', 'admin', neighbour);

    const again = await create('doomed');
    assert.notEqual(again, key);
    const risen = await send('GET', '/resources/doomed', '', old);
    assert.ok([401, 403].includes(risen.statusCode), 'an old token is none of the new account');
    const fresh = { authorization: await tokenOf('doomed', 'admin', again) };
    assert.equal((await send('PUT', '/policies/doomed/policy/root', policy, fresh)).statusCode, 201);
  });

  it('keeps an account on which something of another depends, and says what', async () => {
    await create('lender');
    const { postgres, addresses } = server;
    await postgres.inDatabase(addresses.data, async (sql) => {
      await sql`insert into resources (resource_id, owner_id) values ('demo:variable:lent', 'lender:user:admin')`;
    });
    const answer = await send('DELETE', '/accounts/lender');
    assert.equal(answer.statusCode, 409);
    assert.match(answer.body, /demo:variable:lent depends on the account/u);
    assert.equal((await send('GET', '/accounts')).json<string[]>().includes('lender'), true);
  });

  it('writes down who made and deleted which account', async () => {
    const messages = await server.auditMessages();
    assert.ok(messages.includes('!:user:admin created the account "doomed"'));
    assert.ok(messages.includes('!:user:admin deleted the account "doomed"'));
    assert.ok(messages.includes('!:user:clerk tried to create the account "loot": Forbidden'));
  });

  /** Every table of the data database that holds an id of the account, of today and of later migrations. */
  async function tablesThatName(account: string): Promise<readonly string[]> {
    const { postgres, addresses } = server;
    return postgres.inDatabase(addresses.data, async (sql) => {
      const tables = await sql<{ name: string }[]>`select quote_ident(tablename) as name from pg_tables
        where schemaname = 'public' order by 1`;
      const found: string[] = [];
      for (const { name } of tables) {
        const [row] = await sql.unsafe(
          `select 1 from ${name} t where t::text ~ '(^|[(",:])${account}([:,")]|$)' limit 1`,
        );
        if (row !== undefined) found.push(name);
      }
      return found;
    });
  }
});
