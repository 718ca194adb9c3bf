import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { InjectOptions } from 'fastify';
import { startTestServer, type TestServer } from '../../testing/test-server.ts';

const policy = `
- !policy conjur/authn-jwt
- !policy
  id: conjur/authn-jwt/first
  body:
  - !webservice
    annotations: { test: 123, other: secret }
  - !variable jwks-uri
  - !group users
  - !permit { role: !group users, privilege: [ update, authenticate ], resource: !webservice }
- !policy
  id: conjur/authn-oidc/keycloak
  body:
  - !webservice
  - !webservice status
  - !variable provider-uri
  - !variable client-secret
  - !group users
  - !permit { role: !group users, privilege: [ read, authenticate ], resource: !webservice }
- !user alice
- !user bob
- !grant { role: !group conjur/authn-oidc/keycloak/users, member: !user alice }
- !grant { role: !group conjur/authn-jwt/first/users, member: !user alice }
- !permit { role: !user alice, privilege: read, resource: !policy conjur/authn-jwt }
`;

const created = {
  type: 'jwt',
  name: 'third',
  enabled: false,
  data: {
    jwks_uri: 'http://uri',
    identity: {
      token_app_property: 'prop',
      enforced_claims: ['test', '123'],
      claim_aliases: { myclaim: 'myvalue', second: 'two' },
    },
  },
  annotations: { test: '123' },
};
const keycloak = {
  type: 'oidc',
  branch: 'conjur/authn-oidc',
  name: 'keycloak',
  enabled: false,
  owner: { id: 'conjur/authn-oidc/keycloak', kind: 'policy' },
  data: { provider_uri: 'https://test.com' },
};

describe('authenticators by version 2', { timeout: 60_000 }, () => {
  let server: TestServer;
  let tokens: Readonly<Record<'admin' | 'alice' | 'bob', string>>;
  const v2 = 'application/x.secretsmgr.v2beta+json';

  before(async () => {
    server = await startTestServer();
    const keys = await server.load(policy);
    tokens = {
      admin: await server.tokenFor('admin', server.adminApiKey.reveal()),
      alice: await server.tokenFor('alice', keys.get('demo:user:alice') ?? ''),
      bob: await server.tokenFor('bob', keys.get('demo:user:bob') ?? ''),
    };
    for (const [name, payload] of [
      ['provider-uri', 'https://test.com'],
      ['client-secret', 'very-secret'],
    ]) {
      const url = `/secrets/demo/variable/conjur/authn-oidc/keycloak/${name ?? ''}`;
      await server.asAdmin({ method: 'POST', url, payload: payload ?? '' });
    }
  });
  after(() => server.stop());

  const ask = async (
    who: keyof typeof tokens,
    method: InjectOptions['method'],
    path: string,
    payload?: unknown,
  ) => {
    const answer = await server.app.inject({
      method: method ?? 'GET',
      url: `/authenticators/demo${path}`,
      headers: { authorization: tokens[who], accept: v2 },
      ...(payload === undefined
        ? {}
        : { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
    });
    return { status: answer.statusCode, type: answer.headers['content-type'], body: answer.body };
  };
  const list = async (who: keyof typeof tokens, query = '') => {
    const { status, body } = await ask(who, 'GET', query);
    assert.equal(status, 200);
    const { authenticators, count } = JSON.parse(body) as {
      authenticators: { name: string }[];
      count: number;
    };
    return [authenticators.map(({ name }) => name), count];
  };
  const last = async (): Promise<string> => (await server.auditMessages()).at(-1) ?? '';

  it('are refused 400 without the header of version 2, in its form', async () => {
    const answer = await server.app.inject({
      url: '/authenticators/demo',
      headers: { authorization: tokens.admin },
    });
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.headers['content-type'], v2);
    assert.deepEqual(answer.json(), {
      code: '400',
      message: `CONJ00194W The api belongs to v2 APIs but it missing the version "${v2}" in the Accept header`,
    });
  });

  it('are listed as far as the caller sees them, in pages', async () => {
    assert.deepEqual(await list('admin'), [['first', 'keycloak'], 2]);
    assert.deepEqual(await list('admin', '?limit=1'), [['first'], 2]);
    assert.deepEqual(await list('admin', '?offset=1'), [['keycloak'], 2]);
    assert.deepEqual(await list('admin', '?offset=5'), [[], 2]);
    assert.deepEqual(await list('admin', '?type=oidc'), [['keycloak'], 1]);
    assert.deepEqual(await list('alice', '?type=authn-jwt'), [['first'], 1]);
    assert.deepEqual(await list('bob'), [[], 0]);
    assert.equal(
      await last(),
      "demo:user:bob successfully listed authenticators with URI path: '/authenticators/demo'",
    );
  });

  it('are shown with their configuration, but nothing secret', async () => {
    for (const path of ['/oidc/keycloak', '/authn-oidc/keycloak']) {
      const { status, type, body } = await ask('alice', 'GET', path);
      assert.deepEqual([status, type, JSON.parse(body)], [200, v2, keycloak]);
    }
    assert.equal(
      await last(),
      "demo:user:alice successfully retrieved authn-oidc keycloak with URI path: '/authenticators/demo/authn-oidc/keycloak'",
    );
    const unseen = await ask('bob', 'GET', '/oidc/keycloak');
    assert.deepEqual(
      [unseen.status, JSON.parse(unseen.body)],
      [404, { code: '404', message: "Authenticator: keycloak not found in account 'demo'" }],
    );
    assert.equal((await ask('admin', 'GET', '/magic/keycloak')).status, 404);
    assert.equal((await ask('admin', 'GET', '/jwt/none')).status, 404);
  });

  it('are switched by whoever may update them', async () => {
    const on = await ask('alice', 'PATCH', '/jwt/first', '{ "enabled": true }');
    assert.deepEqual([on.status, (JSON.parse(on.body) as { enabled: boolean }).enabled], [200, true]);
    assert.equal(
      await last(),
      "demo:user:alice successfully enabled authn-jwt first with URI path: '/authenticators/demo/jwt/first' " +
        'and JSON object: { "enabled": true }',
    );
    const refused = async (who: keyof typeof tokens, path: string, body: string) => {
      const answer = await ask(who, 'PATCH', path, body);
      return [answer.status, (JSON.parse(answer.body) as { message: string }).message];
    };
    assert.deepEqual(await refused('alice', '/oidc/keycloak', '{"enabled":true}'), [
      403,
      "CONJ00006E 'alice' does not have 'update' privilege on demo:webservice:conjur/authn-oidc/keycloak",
    ]);
    assert.deepEqual(await refused('admin', '/jwt/none', '{"enabled":true}'), [
      404,
      "Authenticator: authn-jwt/none not found in account 'demo'",
    ]);
    for (const [body, status, message] of [
      ['', 400, 'Request body is empty'],
      ['test', 400, 'Request JSON is malformed'],
      ['{"config":"test"}', 422, 'Missing required parameter: enabled'],
      ['{"enabled":"test"}', 422, 'The enabled parameter must be of type=boolean'],
      [
        '{"config":"test","enabled":false,"name":"x"}',
        422,
        "The following parameters were not expected: 'config, name'",
      ],
    ] as const) {
      assert.deepEqual(await refused('admin', '/jwt/first', body), [status, message]);
    }
  });

  it('are made with groups that may use them, and deleted with all that', async () => {
    const made = await ask('admin', 'POST', '', created);
    assert.equal(made.status, 201, made.body);
    const expected = {
      ...created,
      branch: 'conjur/authn-jwt',
      owner: { id: 'conjur/authn-jwt/third', kind: 'policy' },
    };
    assert.deepEqual(JSON.parse(made.body), expected);
    assert.equal(
      await last(),
      "demo:user:admin successfully created jwt third with URI path: '/authenticators/demo'",
    );
    assert.deepEqual(JSON.parse((await ask('admin', 'GET', '/jwt/third')).body), expected);
    const again = await ask('admin', 'POST', '', created);
    assert.deepEqual(
      [again.status, JSON.parse(again.body)],
      [409, { code: '409', message: 'The authenticator already exists.' }],
    );
    const resource = async (kind: string, id: string): Promise<number> =>
      (await server.asAdmin({ url: `/resources/demo/${kind}/${encodeURIComponent(id)}` })).statusCode;
    const check = await server.asAdmin({
      url:
        '/resources/demo/webservice/conjur%2Fauthn-jwt%2Fthird?check=true&privilege=authenticate' +
        '&role=demo:group:conjur/authn-jwt/third/apps',
    });
    assert.equal(check.statusCode, 204);
    assert.equal((await ask('alice', 'DELETE', '/oidc/keycloak')).status, 403);
    assert.equal((await ask('bob', 'DELETE', '/jwt/third')).status, 404);
    assert.equal(await resource('group', 'conjur/authn-jwt/third/apps'), 200);
    const apps = 'conjur/authn-jwt/third/apps';
    await server.load(`- !grant {role: !group ${apps}, member: !user admin}`);
    const ownRoot = (owner: string) =>
      server.store.writes.transaction(
        (sql) => sql`update resources set owner_id = ${owner} where resource_id = 'demo:policy:root'`,
      );
    await ownRoot(`demo:group:${apps}`);
    assert.equal((await ask('admin', 'DELETE', '/jwt/third')).status, 422, 'the root would go along');
    await ownRoot('demo:user:admin');
    assert.equal((await ask('admin', 'DELETE', '/jwt/third')).status, 204);
    for (const [kind, id] of [
      ['group', 'conjur/authn-jwt/third/apps'],
      ['policy', 'conjur/authn-jwt/third'],
      ['variable', 'conjur/authn-jwt/third/jwks-uri'],
      ['webservice', 'conjur/authn-jwt/third/status'],
    ] as const) {
      assert.equal(await resource(kind, id), 404, `${kind} ${id}`);
    }
    assert.equal((await ask('admin', 'DELETE', '/jwt/third')).status, 404);
    assert.equal((await ask('admin', 'POST', '', created)).status, 201);
  });

  it('are made by nobody without create on the branch, for no owner unseen, and of nothing wrong', async () => {
    const make = async (who: keyof typeof tokens, body: unknown) => (await ask(who, 'POST', '', body)).status;
    const other = { ...created, name: 'fourth' };
    assert.equal(await make('alice', other), 403);
    assert.equal(await make('bob', other), 404);
    assert.equal(await make('admin', { ...other, owner: { kind: 'host', id: 'nobody' } }), 404);
    assert.equal(await make('admin', { ...other, type: 'azure', data: { provider_uri: 'x' } }), 404);
    assert.equal(await make('admin', 'not json'), 400);
    assert.equal(await make('admin', { ...other, annotations: { a: 'x\0' } }), 400);
    for (const wrong of [
      { ...other, type: undefined },
      { ...other, type: 'magic' },
      { ...other, name: '' },
      { ...other, name: 'a/b' },
      { ...other, name: 'x'.repeat(61) },
      { ...other, enabled: 'yes' },
      { ...other, more: 1 },
      { ...other, data: {} },
      { ...other, data: { jwks_uri: 'a', public_keys: 'b', issuer: 'c' } },
      { ...other, data: { public_keys: 'b' } },
      { ...other, data: { jwks_uri: 'a b' } },
      { ...other, data: { jwks_uri: 'a', identity: { identity_path: 'x' } } },
      { ...other, data: { jwks_uri: 'a', identity: { claim_aliases: { exp: 'x' } } } },
      { ...other, owner: { kind: 'policy', id: 'x' } },
      { ...other, annotations: { 'a b': 'x' } },
      { ...other, type: 'aws' },
      { ...other, type: 'oidc', data: { provider_uri: 'x', client_id: 'y' } },
    ]) {
      assert.equal(await make('admin', wrong), 422, JSON.stringify(wrong));
    }
    assert.equal(await make('admin', { ...other, owner: { kind: 'user', id: 'admin' } }), 201);
    const keys = { type: 'jwks', value: { keys: [] } };
    const given = { type: 'jwt', name: 'fifth', data: { public_keys: keys, issuer: 'x' } };
    const made = await ask('admin', 'POST', '', given);
    assert.deepEqual((JSON.parse(made.body) as { data: unknown; enabled: boolean }).data, given.data);
    assert.deepEqual(await list('admin', '?type=jwt'), [['fifth', 'first', 'fourth', 'third'], 4]);
  });
});
