import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from '../../testing/test-server.ts';

const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const data = { access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: secret };
type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** Sources of the expectations: the features and specs of cyberark/conjur on issuers, and the tests of its Go client. */
describe('issuers', { timeout: 60_000 }, () => {
  let server: TestServer;
  let alice: string;

  before(async () => {
    server = await startTestServer({ settings: { dynamicSecrets: true } });
    const keys = await server.load('- !user alice\n- !policy data\n');
    alice = await server.tokenFor('alice', keys.get('demo:user:alice') ?? '');
  });
  after(() => server.stop());

  const ask = (method: Method, path: string, body?: unknown) =>
    server.asAdmin({
      method,
      url: `/issuers/demo${path}`,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
  const make = (id: string) => ask('POST', '', { id, type: 'aws', max_ttl: 900, data });
  const asAlice = (method: Method, path: string, payload?: string) =>
    server.app.inject({
      method,
      url: `/issuers/demo${path}`,
      headers: { authorization: alice, 'content-type': 'application/json' },
      ...(payload === undefined ? {} : { payload }),
    });
  const lastMessage = async (): Promise<string> => (await server.auditMessages()).at(-1) ?? '';

  it('makes an issuer with its policy, encrypts it, and never shows its key', async () => {
    const made = await make('aws-1');
    assert.equal(made.statusCode, 201, made.body);
    const shown = made.json<Record<string, unknown>>();
    assert.deepEqual(Object.keys(shown), [
      'id',
      'account',
      'max_ttl',
      'type',
      'data',
      'created_at',
      'modified_at',
    ]);
    assert.deepEqual(shown['data'], { ...data, secret_access_key: '*****' });
    assert.equal(await lastMessage(), 'demo:user:admin added demo:issuer:aws-1');
    assert.deepEqual((await ask('GET', '/aws-1')).json(), shown);
    const group = await server.asAdmin({
      url: '/resources/demo/policy/conjur/issuers/aws-1?permitted_roles=true&privilege=use',
    });
    assert.ok(group.json<string[]>().includes('demo:group:conjur/issuers/aws-1/delegation/consumers'));
    const [row] = await server.postgres.inDatabase(
      server.addresses.data,
      (sql) => sql<{ data: Buffer }[]>`select data from issuers`,
    );
    assert.equal(row?.data[0], 'G'.charCodeAt(0));
    assert.ok(!row.data.includes(secret));
  });

  it('refuses a second one of the same name, and one that has variables before it is there', async () => {
    const again = await make('aws-1');
    assert.equal(again.statusCode, 409);
    assert.deepEqual(again.json(), {
      error: {
        code: 'conflict',
        message: 'issuer "aws-1" already exists',
        target: 'issuer',
        details: { code: 'conflict', target: 'id', message: 'aws-1' },
      },
    });
    await server.load(dynamicVariable('early', 'aws-early'), 'data');
    const early = await make('aws-early');
    assert.equal(early.statusCode, 409, early.body);
  });

  it('answers 400 and 422 with the sentence of what is wrong', async () => {
    const gcp = await ask('POST', '', { id: 'x', type: 'gcp', max_ttl: 900, data });
    assert.equal(gcp.statusCode, 400);
    assert.deepEqual(gcp.json(), { error: { code: 'bad_request', message: 'issuer type is unsupported' } });
    const wrong = { id: 'x', type: 'aws', max_ttl: 900, data: { ...data, access_key_id: 'invalid' } };
    const refused = await ask('POST', '', wrong);
    assert.equal(refused.statusCode, 422);
    assert.match(refused.json<{ error: { message: string } }>().error.message, /^invalid 'access_key_id'/);
    assert.equal(
      (await server.asAdmin({ method: 'POST', url: '/issuers/demo', payload: '%00' })).statusCode,
      400,
    );
  });

  it('changes what is named, and lets the longest life only grow', async () => {
    const grown = await ask('PATCH', '/aws-1', { max_ttl: 1000 });
    assert.equal(grown.statusCode, 200, grown.body);
    assert.equal(grown.json<{ max_ttl: number }>().max_ttl, 1000);
    assert.equal((await ask('PATCH', '/aws-1', { max_ttl: 900 })).statusCode, 400);
    const other = { ...data, access_key_id: 'ASIAIOSFODNN7EXAMPLE' };
    const changed = (await ask('PATCH', '/aws-1', { data: other })).json<{
      data: unknown;
      max_ttl: number;
    }>();
    assert.deepEqual([changed.data, changed.max_ttl], [{ ...other, secret_access_key: '*****' }, 1000]);
    assert.equal((await ask('PATCH', '/none', { max_ttl: 1000 })).statusCode, 404);
  });

  it('lists and sorts, and gives the least of one', async () => {
    await make('aws-0');
    const ids = async (query: string): Promise<readonly string[]> =>
      (await ask('GET', query)).json<{ issuers: { id: string }[] }>().issuers.map(({ id }) => id);
    assert.deepEqual(await ids(''), ['aws-0', 'aws-1']);
    assert.deepEqual(await ids('?sort=created_at'), ['aws-1', 'aws-0']);
    assert.equal((await ask('GET', '?sort=data')).statusCode, 400);
    assert.deepEqual((await ask('GET', '/aws-1?projection=minimal')).json(), { max_ttl: 1000 });
    assert.equal((await ask('GET', '/aws-1?projection=all')).statusCode, 422);
  });

  it('hides issuers from whoever has no right: 403 for all of them, 404 for one', async () => {
    assert.equal((await asAlice('GET', '')).statusCode, 403);
    assert.match(await lastMessage(), /^demo:user:alice tried to list issuers demo:issuer:\*/);
    const body = JSON.stringify({ id: 'hers', type: 'aws', max_ttl: 900, data });
    assert.equal((await asAlice('POST', '', body)).statusCode, 403);
    for (const method of ['GET', 'DELETE'] as const) {
      const answer = await asAlice(method, '/aws-1');
      assert.equal(answer.statusCode, 404);
      assert.equal(answer.json<{ error: { message: string } }>().error.message, 'Issuer not found');
    }
    await server.load(
      '- !grant { role: !group aws-1/delegation/consumers, member: !user /alice }',
      'conjur/issuers',
    );
    assert.equal((await asAlice('GET', '/aws-1')).statusCode, 200);
  });

  it('deletes an issuer with its policy and its variables, unless they are to be kept', async () => {
    await server.load(`${dynamicVariable('kept', 'aws-0')}${dynamicVariable('gone', 'aws-1')}`, 'data');
    const exists = async (id: string): Promise<number> =>
      (await server.asAdmin({ url: `/resources/demo/${id}` })).statusCode;
    assert.equal((await ask('DELETE', '/aws-0?keep_secrets=true')).statusCode, 204);
    assert.equal(await exists('variable/data/dynamic/kept'), 200);
    assert.equal((await ask('DELETE', '/aws-1')).statusCode, 204);
    assert.equal(await exists('variable/data/dynamic/gone'), 404);
    assert.equal(await exists('policy/conjur/issuers/aws-1'), 404);
    assert.equal((await ask('GET', '/aws-1')).statusCode, 404);
    assert.equal((await ask('DELETE', '/aws-1')).statusCode, 404);
    const messages = await server.auditMessages();
    assert.ok(
      messages.includes(
        'demo:variable:data/dynamic/gone removed as a result of the removal of demo:issuer:aws-1',
      ),
    );
    assert.ok(messages.every((message) => !message.includes(secret)));
  });

  it('gives dynamic variables no value, and takes none for them', async () => {
    await make('aws-2');
    await server.load(dynamicVariable('live', 'aws-2'), 'data');
    const read = await server.asAdmin({ url: '/secrets/demo/variable/data/dynamic/live' });
    assert.equal(read.statusCode, 422);
    const expected = 'No ephemeral secret engine configured for Conjur';
    assert.equal(read.json<{ error: { message: string } }>().error.message, expected);
    const batch = await server.asAdmin({ url: '/secrets?variable_ids=demo:variable:data/dynamic/live' });
    assert.equal(batch.statusCode, 422);
    const orphan = await server.asAdmin({ url: '/secrets/demo/variable/data/dynamic/kept' });
    assert.match(orphan.body, /Issuer assigned to demo:variable:data\/dynamic\/kept was not found/);
    const write = await server.asAdmin({
      method: 'POST',
      url: '/secrets/demo/variable/data/dynamic/live',
      payload: 'x',
    });
    assert.equal(write.statusCode, 405);
    assert.match(write.body, /"method_not_allowed"/);
  });
});

describe('issuers that are switched off', { timeout: 60_000 }, () => {
  it('are no routes, and variables below data/dynamic are plain ones', async () => {
    const server = await startTestServer();
    try {
      assert.equal((await server.asAdmin({ url: '/issuers/demo' })).statusCode, 404);
      await server.load('- !policy { id: data/dynamic, body: [ !variable v ] }');
      const url = '/secrets/demo/variable/data/dynamic/v';
      assert.equal((await server.asAdmin({ method: 'POST', url, payload: 'x' })).statusCode, 201);
      assert.equal((await server.asAdmin({ url })).body, 'x');
    } finally {
      await server.stop();
    }
  });
});

function dynamicVariable(name: string, issuer: string): string {
  const annotations = `{ dynamic/issuer: ${issuer}, dynamic/method: federation-token }`;
  return `- !variable { id: dynamic/${name}, annotations: ${annotations} }\n`;
}
