import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const policy = `
- !user alice
- !host
  id: app/web
- !group devs
- !grant { role: !group devs, member: !user alice }
- !variable { id: db/password, mime_type: text/plain }
- !variable db/empty
- !variable seen-only
- !variable hidden
- !permit { role: !group devs, privileges: [ read, execute ], resource: !variable db/password }
- !permit { role: !group devs, privileges: [ read, execute ], resource: !variable db/empty }
- !permit { role: !group devs, privilege: read, resource: !variable seen-only }
`;

describe('the API on a real database', { timeout: 60_000 }, () => {
  let server: TestServer;
  let keys: ReadonlyMap<string, string>;
  let alice: string;

  before(async () => {
    server = await startTestServer();
    keys = await server.load(policy);
    alice = await server.tokenFor('alice', keys.get('demo:user:alice') ?? '');
  });
  after(() => server.stop());

  const asAlice = (url: string, method: 'GET' | 'POST' | 'HEAD' = 'GET', payload = '') =>
    server.app.inject({
      method,
      url,
      headers: { authorization: alice },
      ...(payload === '' ? {} : { payload }),
    });
  const store = async (id: string, payload: string): Promise<void> => {
    const answer = await server.asAdmin({ method: 'POST', url: `/secrets/demo/variable/${id}`, payload });
    assert.equal(answer.statusCode, 201, answer.body);
  };

  it('gives the keys of new users and hosts, and the version, after a load', async () => {
    assert.deepEqual([...keys.keys()].sort(), ['demo:host:app/web', 'demo:user:alice']);
    const again = await server.asAdmin({
      method: 'POST',
      url: '/policies/demo/policy/root',
      payload: '- !group devs',
    });
    assert.equal(again.statusCode, 201);
    assert.deepEqual(again.json<{ created_roles: unknown }>().created_roles, {});
  });

  it('reads what was written, with slashes in the id encoded or not', async () => {
    await store('db/password', 'correct horse');
    for (const id of ['db/password', 'db%2Fpassword']) {
      const answer = await asAlice(`/secrets/demo/variable/${id}`);
      assert.equal(answer.statusCode, 200);
      assert.equal(answer.body, 'correct horse');
      assert.equal(answer.headers['content-type'], 'text/plain');
      assert.equal(answer.headers['content-length'], '13');
    }
  });

  it('keeps versions, but makes none for the same value', async () => {
    await store('versions', 'a').catch(() => undefined);
    await server.load('- !variable versions');
    for (const value of ['one', 'one', 'two']) await store('versions', value);
    const resource = await server.asAdmin({ url: '/resources/demo/variable/versions' });
    const { secrets } = resource.json<{ secrets: { version: number }[] }>();
    assert.deepEqual(
      secrets.map(({ version }) => version),
      [1, 2],
    );
    assert.equal((await server.asAdmin({ url: '/secrets/demo/variable/versions?version=1' })).body, 'one');
    assert.equal(
      (await server.asAdmin({ url: '/secrets/demo/variable/versions?version=9' })).statusCode,
      404,
    );
    assert.equal(
      (await server.asAdmin({ url: '/secrets/demo/variable/versions?version=x' })).statusCode,
      422,
    );
  });

  it('keeps twenty versions', async () => {
    await server.load('- !variable many');
    for (let version = 1; version <= 22; version += 1) await store('many', `v${version}`);
    assert.equal((await server.asAdmin({ url: '/secrets/demo/variable/many?version=2' })).statusCode, 404);
    assert.equal((await server.asAdmin({ url: '/secrets/demo/variable/many?version=3' })).body, 'v3');
  });

  it('says 404 for what the caller must not see, 403 for what it sees without the privilege', async () => {
    const text = (id: string): string => `CONJ00076E Variable demo:variable:${id} is empty or not found.`;
    for (const id of ['hidden', 'no-such', 'db/empty']) {
      const answer = await asAlice(`/secrets/demo/variable/${id}`);
      assert.equal(answer.statusCode, 404);
      assert.deepEqual(answer.json(), { error: { code: 'not_found', message: text(id) } });
    }
    const seen = await asAlice('/secrets/demo/variable/seen-only');
    assert.equal(seen.statusCode, 403);
    assert.equal(seen.body, '');
    assert.equal((await asAlice('/secrets/demo/variable/seen-only', 'POST', 'x')).statusCode, 403);
    const unseen = await asAlice('/secrets/demo/variable/hidden', 'POST', 'x');
    assert.equal(unseen.statusCode, 404);
    assert.deepEqual(unseen.json(), {
      error: {
        code: 'not_found',
        message: "Variable 'hidden' not found in account 'demo'",
        target: 'variable',
        details: { code: 'not_found', target: 'id', message: 'demo:variable:hidden' },
      },
    });
  });

  it('refuses an empty value, and takes any bytes whatever their content type says', async () => {
    const url = '/secrets/demo/variable/db%2Fpassword';
    assert.equal((await server.asAdmin({ method: 'POST', url, payload: ' \n' })).statusCode, 422);
    const bytes = Buffer.from([0xff, 0x00, 0x26, 0x3d]);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.equal((await server.asAdmin({ method: 'POST', url, payload: bytes, headers })).statusCode, 201);
    assert.deepEqual((await asAlice(url)).rawPayload, bytes);
    const wrong = { 'content-type': 'no such type' };
    assert.equal(
      (await server.asAdmin({ method: 'POST', url, payload: 'x', headers: wrong })).statusCode,
      201,
    );
  });

  it('answers batches as a map, 403 before 404, and in base64 on request', async () => {
    await store('db/password', 'über');
    const one = '/secrets?variable_ids=demo:variable:db/password';
    assert.deepEqual((await asAlice(one)).json(), { 'demo:variable:db/password': 'über' });
    assert.equal((await asAlice(`${one},demo:variable:hidden`)).statusCode, 403);
    assert.equal((await asAlice(`${one},demo:variable:no-such,demo:variable:hidden`)).statusCode, 403);
    assert.equal((await asAlice(`${one},demo:variable:no-such`)).statusCode, 404);
    assert.equal((await asAlice(`${one},`)).statusCode, 422);
    const base64 = await server.app.inject({
      url: one,
      headers: { authorization: alice, 'accept-encoding': 'Base64' },
    });
    assert.equal(base64.headers['content-encoding'], 'base64');
    assert.deepEqual(base64.json(), {
      'demo:variable:db/password': `${Buffer.from('über').toString('base64')}\n`,
    });
    await server.asAdmin({
      method: 'POST',
      url: '/secrets/demo/variable/db%2Fpassword',
      payload: Buffer.from([0xff]),
    });
    assert.equal((await asAlice(one)).statusCode, 406);
  });

  it('checks privileges with 204 and 404, for oneself and for a role one has', async () => {
    const check = async (query: string, id = 'db%2Fpassword'): Promise<number> =>
      (await asAlice(`/resources/demo/variable/${id}?check=true&${query}`)).statusCode;
    assert.equal(await check('privilege=execute'), 204);
    assert.equal(await check('privilege=execute&role='), 204);
    assert.equal(await check('privilege=update'), 404);
    assert.equal(await check('privilege=execute&role=demo:group:devs'), 204);
    assert.equal(await check('privilege=execute&role=demo:user:admin'), 403);
    assert.equal(await check(''), 422);
    assert.equal(await check('privilege=read', 'hidden'), 404);
  });

  it('lists, counts, searches and shows resources, with HEAD wherever GET is', async () => {
    const list = async (query: string): Promise<unknown> => (await asAlice(`/resources/demo${query}`)).json();
    const ids = (rows: unknown): string[] => (rows as { id: string }[]).map(({ id }) => id);
    const seen = ['demo:variable:db/empty', 'demo:variable:db/password', 'demo:variable:seen-only'];
    assert.deepEqual(ids(await list('')), seen);
    assert.deepEqual(ids(await list('/variable?limit=1&offset=1')), [seen[1]]);
    assert.deepEqual(ids(await list('?search=password')), [seen[1]]);
    assert.deepEqual(await list('?count=true'), { count: 3 });
    assert.equal((await asAlice('/resources/demo?limit=0')).statusCode, 422);
    assert.equal((await asAlice('/resources/demo/nonsense')).statusCode, 404);
    const head = async (id: string): Promise<number> =>
      (await asAlice(`/resources/demo/variable/${id}`, 'HEAD')).statusCode;
    assert.deepEqual([await head('db%2Fpassword'), await head('hidden')], [200, 404]);
    const permitted = await asAlice(
      '/resources/demo/variable/db%2Fpassword?permitted_roles=true&privilege=execute',
    );
    assert.ok(permitted.json<string[]>().includes('demo:group:devs'));
  });

  it('shows roles, members and memberships', async () => {
    const role = (query: string, id = 'group/devs') => server.asAdmin({ url: `/roles/demo/${id}${query}` });
    const members = (await role('?members')).json<{ member: string }[]>();
    assert.deepEqual(
      members.map(({ member }) => member),
      ['demo:user:admin', 'demo:user:alice'],
    );
    assert.deepEqual((await role('?members&count')).json(), { count: 2 });
    assert.deepEqual((await role('?all', 'user/alice')).json(), ['demo:group:devs', 'demo:user:alice']);
    assert.equal((await role('?memberships', 'user/alice')).json<unknown[]>().length, 1);
    assert.equal((await asAlice('/roles/demo/host/app%2Fweb')).statusCode, 404);
    assert.equal((await asAlice('/roles/demo/user/alice')).statusCode, 200);
  });

  it('keeps no value, key or password in the clear in either database', async () => {
    await store('db/password', 'canary-value');
    const key = keys.get('demo:user:alice') ?? 'none';
    for (const address of [server.addresses.data, server.addresses.audit]) {
      const dump = await server.postgres.inDatabase(address, async (sql) => {
        const tables = await sql<
          { name: string }[]
        >`select tablename as name from pg_tables where schemaname = 'public'`;
        const rows = [];
        for (const { name } of tables) rows.push(...(await sql`select t::text as row from ${sql(name)} t`));
        return JSON.stringify(rows);
      });
      for (const clear of ['canary-value', key, server.adminApiKey.reveal()]) {
        assert.ok(!dump.includes(clear) && !dump.includes(Buffer.from(clear).toString('hex')));
      }
    }
  });

  it('loads the synchronizer files, and refuses the published one with line and column', async () => {
    const file = (name: string): Promise<string> =>
      readFile(new URL(`./testing/${name}`, import.meta.url), 'utf8');
    const load = async (name: string) =>
      server.asAdmin({ method: 'POST', url: '/policies/demo/policy/root', payload: await file(name) });
    assert.equal((await load('synchronizer.policy')).statusCode, 201);
    const refused = await load('synchronizer-as-published.policy');
    assert.equal(refused.statusCode, 422);
    const { error } = refused.json<{
      error: { code: string; message: string; innererror: { line: number; column: number } };
    }>();
    assert.equal(error.code, 'policy_invalid');
    assert.match(error.message, /^Error at line \d+, column \d+ in policy : /);
    assert.ok(error.innererror.line > 1 && error.innererror.column > 0);
  });

  it('replaces, modifies and refuses policies by their rules', async () => {
    await server.load('- !policy { id: branch, body: [ !variable a, !variable b ] }');
    const url = '/policies/demo/policy/branch';
    const put = await server.asAdmin({ method: 'PUT', url, payload: '- !variable a' });
    assert.equal(put.statusCode, 201, put.body);
    assert.equal((await server.asAdmin({ url: '/resources/demo/variable/branch%2Fb' })).statusCode, 200);
    const missing = await server.asAdmin({
      method: 'PATCH',
      url,
      payload: '- !grant { role: !group x, member: !user bob }',
    });
    assert.equal(missing.statusCode, 422);
    const deletes = await server.asAdmin({
      method: 'POST',
      url,
      payload: '- !delete { record: !variable a }',
    });
    assert.equal(deletes.json<{ error: { code: string } }>().error.code, 'validation_failed');
    const empty = await server.asAdmin({ method: 'POST', url, payload: '' });
    assert.equal(empty.statusCode, 422);
    const asAliceLoad = await asAlice(url, 'POST', '- !variable c');
    assert.equal(asAliceLoad.statusCode, 404);
    const dry = await server.asAdmin({ method: 'POST', url: `${url}?dryRun=true`, payload: '- !variable c' });
    assert.equal(dry.statusCode, 200);
    const { created } = dry.json<{ created: { items: { id: string }[] } }>();
    assert.deepEqual(
      created.items.map(({ id }) => id),
      ['branch/c'],
    );
    assert.equal((await server.asAdmin({ url: '/resources/demo/variable/branch%2Fc' })).statusCode, 404);
  });

  it('gives public keys to anybody', async () => {
    await server.load('- !user { id: carol, public_keys: [ "ssh-rsa AAAAB3Nz carol@home" ] }');
    assert.equal(
      (await server.app.inject('/public_keys/demo/user/carol')).body,
      'ssh-rsa AAAAB3Nz carol@home\n',
    );
    assert.equal((await server.app.inject('/public_keys/demo/user/nobody')).body, '\n');
  });

  it('writes an audit record for each request, failures included', async () => {
    const messages = await server.auditMessages();
    assert.ok(messages.includes('demo:user:alice fetched demo:variable:db/password'));
    assert.ok(messages.includes('demo:user:alice tried to fetch demo:variable:seen-only: Forbidden'));
    assert.ok(messages.includes('demo:user:admin added role demo:user:alice'));
    assert.ok(messages.some((message) => message.startsWith('Failed to load policy: Error at line')));
  });

  it('tells its version in JSON and in HTML', async () => {
    const json = await server.app.inject({ url: '/', headers: { accept: 'application/json' } });
    assert.match(json.json<{ version: string }>().version, /^1\.23\./);
    assert.match((await server.app.inject('/')).body, /<dd>Version 1\.23\.\d+<\/dd>/);
  });
});
