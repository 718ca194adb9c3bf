import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const policy = `
- !user alice
- !host
  id: app/web
- !host
  id: far
  restricted_to: [ 10.0.0.0/8 ]
- !group devs
- !grant { role: !group devs, member: !user alice }
`;

describe('authentication on a real database', { timeout: 60_000 }, () => {
  let server: TestServer;
  let keys: ReadonlyMap<string, string>;
  let alice: string;

  before(async () => {
    server = await startTestServer();
    keys = await server.load(policy);
    await server.load('- !permit { role: !group devs, privilege: read, resource: !group devs }');
    alice = await server.tokenFor('alice', keys.get('demo:user:alice') ?? '');
  });
  after(() => server.stop());

  it('logs in with an API key or a password, and says 401 without a word otherwise', async () => {
    const basic = (name: string, secret: string) => ({
      authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`,
    });
    const key = keys.get('demo:user:alice') ?? '';
    const login = (secret: string, name = 'alice') =>
      server.app.inject({ url: '/authn/demo/login', headers: basic(name, secret) });
    assert.equal((await login(key)).body, key);
    const change = (password: string) =>
      server.app.inject({
        method: 'PUT',
        url: '/authn/demo/password',
        headers: basic('alice', key),
        payload: password,
      });
    assert.equal((await change('weak')).statusCode, 422);
    assert.equal((await change('COrrect-horse-1')).statusCode, 204);
    assert.equal((await login('COrrect-horse-1')).body, key);
    for (const wrong of [
      login('COrrect-horse-2'),
      login(key, 'nobody'),
      server.app.inject('/authn/demo/login'),
    ]) {
      const answer = await wrong;
      assert.equal(answer.statusCode, 401);
      assert.equal(answer.body, '');
    }
  });

  it('rotates keys: ones own with Basic only, others with update on them', async () => {
    const key = keys.get('demo:host:app/web') ?? '';
    const authorization = `Basic ${Buffer.from(`host/app/web:${key}`).toString('base64')}`;
    const rotated = await server.app.inject({
      method: 'PUT',
      url: '/authn/demo/api_key',
      headers: { authorization },
    });
    assert.equal(rotated.statusCode, 200);
    await assert.rejects(server.tokenFor('host/app/web', key));
    await server.tokenFor('host/app/web', rotated.body);
    const own = await server.asAdmin({ method: 'PUT', url: '/authn/demo/api_key' });
    assert.equal(own.statusCode, 401);
    const other = await server.asAdmin({ method: 'PUT', url: '/authn/demo/api_key?role=host:app/web' });
    await server.tokenFor('host/app/web', other.body);
    const group = await server.asAdmin({ method: 'PUT', url: '/authn/demo/api_key?role=group:devs' });
    assert.equal(group.statusCode, 405);
    const headers = { authorization: alice };
    const unseen = await server.app.inject({
      method: 'PUT',
      url: '/authn/demo/api_key?role=host:app/web',
      headers,
    });
    assert.equal(unseen.statusCode, 404);
  });

  it('refuses a host from outside its networks', async () => {
    await assert.rejects(server.tokenFor('host/far', keys.get('demo:host:far') ?? ''), /401/);
  });

  it('gives tokens as base64 text on request, with literal slashes in the login', async () => {
    const key = await server.asAdmin({ method: 'PUT', url: '/authn/demo/api_key?role=host:app/web' });
    const answer = await server.app.inject({
      method: 'POST',
      url: '/authn/demo/host/app/web/authenticate',
      payload: key.body,
      headers: { 'accept-encoding': 'gzip, base64' },
    });
    assert.equal(answer.headers['content-encoding'], 'base64');
    const token = JSON.parse(Buffer.from(answer.body, 'base64').toString()) as { payload: string };
    assert.equal(JSON.parse(Buffer.from(token.payload, 'base64').toString()).sub, 'host/app/web');
  });

  it('refuses missing, malformed, forged and expired tokens, each in the words of Conjur', async () => {
    const ask = async (authorization?: string) => {
      const answer = await server.app.inject({
        url: '/whoami',
        ...(authorization ? { headers: { authorization } } : {}),
      });
      return [answer.statusCode, answer.body];
    };
    assert.deepEqual(await ask(), [401, 'Authorization missing']);
    assert.deepEqual(await ask('Token token="e30="'), [401, 'Malformed authorization token']);
    const token = Buffer.from(alice.slice('Token token="'.length, -1), 'base64').toString();
    const forged = token.replace(
      /"payload":"[^"]+"/,
      `"payload":"${Buffer.from('{"iat":1,"sub":"admin"}').toString('base64')}"`,
    );
    const wrap = (json: string): string => `Token token="${Buffer.from(json).toString('base64')}"`;
    assert.deepEqual(await ask(wrap(forged)), [401, 'Unauthorized: Invalid token']);
    assert.equal((await ask(alice))[0], 200);
    server.time.now += 481_000;
    server.become();
    assert.deepEqual(await ask(alice), [401, 'Unauthorized: Invalid token']);
    alice = await server.tokenFor('alice', keys.get('demo:user:alice') ?? '');
  });
});
