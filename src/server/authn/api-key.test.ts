import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Ask, asker, askerFor, auditTrail, basicHeaderOf } from '../testing/asker.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const policy = `
- !user bob
- !user privileged
- !user reader
- !user nobody
- !host { id: keyless, annotations: { authn/api-key: false } }
- !layer things
- !permit { role: !user privileged, privilege: update, resource: !user bob }
- !permit { role: !user privileged, privilege: update, resource: !layer things }
- !permit { role: !user privileged, privilege: update, resource: !host keyless }
- !permit { role: !user reader, privilege: read, resource: !user bob }
- !permit { role: !user reader, privilege: read, resource: !layer things }
`;

describe('API keys on a real database', { timeout: 60_000 }, () => {
  let server: TestServer;
  let keys: ReadonlyMap<string, string>;
  let privileged: Ask;
  let reader: Ask;
  let nobody: Ask;

  before(async () => {
    server = await startTestServer();
    keys = await server.load(policy);
    privileged = await askerFor(server, 'privileged', keys.get('demo:user:privileged'));
    reader = await askerFor(server, 'reader', keys.get('demo:user:reader'));
    nobody = await askerFor(server, 'nobody', keys.get('demo:user:nobody'));
  });
  after(() => server.stop());

  const basic = (login: string): Ask =>
    asker(server, basicHeaderOf(login, keys.get(`demo:user:${login}`) ?? ''));
  const status = async (ask: Ask, query: string, method: 'GET' | 'PUT'): Promise<number> =>
    (await ask(`${method} /authn/demo/api_key${query}`)).statusCode;

  for (const method of ['GET', 'PUT'] as const) {
    it(`${method}: a token is not enough for oneself, and Basic is nothing for another`, async () => {
      const weak = await privileged(`${method} /authn/demo/api_key`);
      const error = { code: 'unauthorized', message: 'Credential strength is insufficient' };
      assert.deepEqual([weak.statusCode, weak.json()], [401, { error }]);
      assert.equal(await status(privileged, '?role=user:privileged', method), 401);
      const foreign = await basic('privileged')(`${method} /authn/demo/api_key?role=user:bob`);
      assert.deepEqual([foreign.statusCode, foreign.body], [401, '']);
      assert.equal(await status(asker(server, ''), '', method), 401);
      assert.equal(await status(asker(server, 'Token token="x"'), '', method), 401);
    });

    it(`${method}: 404 for roles unseen or unknown, 403 without update, 405 for roles without a key`, async () => {
      const missing = async (ask: Ask, role: string): Promise<unknown> => {
        const answer = await ask(`${method} /authn/demo/api_key?role=${role}`);
        return [answer.statusCode, answer.json()];
      };
      const notFound = (id: string, by: string): unknown => {
        const message = `CONJ00123E Resource '${id}' requested by role 'demo:user:${by}' not found`;
        return [404, { error: { code: 'not_found', message } }];
      };
      assert.deepEqual(await missing(nobody, 'user:bob'), notFound('demo:user:bob', 'nobody'));
      assert.deepEqual(await missing(privileged, 'user:none'), notFound('user:none', 'privileged'));
      assert.deepEqual(await missing(basic('bob'), 'other:user:bob'), notFound('other:user:bob', 'bob'));
      assert.equal(await status(reader, '?role=user:bob', method), 403);
      assert.equal(await status(reader, '?role=layer:things', method), 403);
      const layer = await privileged(`${method} /authn/demo/api_key?role=layer:things`);
      const message = "CONJ00126E Role 'demo:layer:things' is not applicable for key rotation";
      assert.deepEqual(
        [layer.statusCode, layer.json()],
        [405, { error: { code: 'method_not_allowed', message } }],
      );
      assert.equal(await status(basic('bob'), '?role=nonsense', method), 422);
    });
  }

  it('says when a key was last rotated, to its role and to whoever may rotate it, by any authenticator', async () => {
    const own = await basic('bob')('GET /authn/demo/api_key');
    assert.equal(own.headers['content-type'], 'application/json; charset=utf-8');
    const { role, timestamp } = own.json<{ role: string; timestamp: string }>();
    assert.equal(role, 'demo:user:bob');
    assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000);
    const others = await privileged('GET /authn-ldap/demo/api_key?role=user:bob');
    assert.deepEqual(others.json(), { role, timestamp });
    assert.equal((await basic('bob')('HEAD /authn/demo/api_key')).statusCode, 200);
    assert.equal((await basic('bob')('GET /auth-ldap/demo/api_key')).statusCode, 404);
  });

  it('rotates by any authenticator, and records it in the words of Conjur', async () => {
    const earlier = (await auditTrail(server)).length;
    const bobs = await basic('bob')('PUT /authn-ldap/demo/api_key?role=user:bob');
    assert.equal(bobs.statusCode, 200);
    await server.tokenFor('bob', bobs.body);
    const others = await privileged('PUT /authn/demo/api_key?role=user:bob');
    await server.tokenFor('bob', others.body);
    await reader('PUT /authn/demo/api_key?role=user:bob');
    await basic('privileged')('PUT /authn/demo/api_key?role=user:bob');
    const trail = (await auditTrail(server)).slice(earlier).filter(({ msgid }) => msgid === 'api-key');
    assert.deepEqual(
      trail.map(({ message }) => message.replaceAll('demo:', '')),
      [
        'user:bob successfully rotated their API key',
        'user:privileged successfully rotated the api key for user:bob',
        'user:reader failed to rotate the api key for user:bob: Forbidden',
        'user:privileged failed to rotate the api key for user:bob: Operation attempted against foreign user',
      ],
    );
  });

  it('makes no key for a host that shall have none', async () => {
    await server.store.writes.transaction(async (sql) => {
      await sql`update credentials set api_key = null where role_id = 'demo:host:keyless'`;
    });
    const refused = await privileged('PUT /authn/demo/api_key?role=host:keyless');
    assert.equal(refused.statusCode, 405);
    assert.match(refused.body, /CONJ00170E Role 'demo:host:keyless' does not have an API key/);
    assert.equal(await status(privileged, '?role=host:keyless', 'GET'), 200);
  });
});
