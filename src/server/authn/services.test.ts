import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const policy = `
- !policy
  id: conjur/authn-jwt/ci
  body:
  - !webservice
  - !webservice status
  - !variable public-keys
  - !variable issuer
- !policy
  id: conjur/authn-oidc/login
  body:
  - !webservice
- !user ops
- !user eve
- !permit { role: !user ops, privilege: [ read, update ], resource: !webservice conjur/authn-jwt/ci }
- !permit { role: !user ops, privilege: read, resource: !webservice conjur/authn-jwt/ci/status }
- !permit { role: !user eve, privilege: read, resource: !webservice conjur/authn-jwt/ci }
`;

describe('authenticators with services', { timeout: 60_000 }, () => {
  let server: TestServer;
  let ops: string;
  let eve: string;

  before(async () => {
    server = await startTestServer();
    const keys = await server.load(policy);
    ops = await server.tokenFor('ops', keys.get('demo:user:ops') ?? '');
    eve = await server.tokenFor('eve', keys.get('demo:user:eve') ?? '');
  });
  after(() => server.stop());

  const patch = (url: string, payload: string, authorization: string) =>
    server.app.inject({ method: 'PATCH', url, payload, headers: { authorization } });
  const status = (url: string, authorization: string) =>
    server.app.inject({ url: `${url}/status`, headers: { authorization } });
  const names = async () =>
    (await server.app.inject('/authenticators')).json<
      Record<'installed' | 'configured' | 'enabled', string[]>
    >();

  it('are switched on and off by whoever may update the webservice', async () => {
    assert.deepEqual(await names(), {
      installed: ['authn', 'authn-jwt'],
      configured: ['authn', 'authn-jwt/ci', 'authn-oidc/login'],
      enabled: ['authn'],
    });
    assert.equal((await patch('/authn-jwt/ci/demo', 'enabled=true', ops)).statusCode, 204);
    assert.deepEqual((await names()).enabled, ['authn', 'authn-jwt/ci']);
    assert.equal((await patch('/authn-jwt/ci/demo', 'enabled=false', ops)).statusCode, 204);
    assert.deepEqual((await names()).enabled, ['authn']);
    const asJson = await server.app.inject({
      method: 'PATCH',
      url: '/authn-jwt/ci/demo',
      payload: { enabled: true },
      headers: { authorization: ops },
    });
    assert.equal(asJson.statusCode, 204);
    assert.deepEqual((await names()).enabled, ['authn', 'authn-jwt/ci']);
    assert.ok(
      (await server.auditMessages()).includes(
        'demo:user:ops successfully updated authenticator configuration authn-jwt service ' +
          'demo:webservice:conjur/authn-jwt/ci',
      ),
    );
  });

  it('are switched by nobody else, and only where they exist', async () => {
    assert.equal((await patch('/authn-jwt/ci/demo', 'enabled=false', eve)).statusCode, 403);
    assert.equal((await patch('/authn-jwt/none/demo', 'enabled=true', ops)).statusCode, 401);
    assert.equal((await patch('/authn-jwt/ci/elsewhere', 'enabled=true', ops)).statusCode, 401);
    assert.equal((await patch('/authn-magic/ci/demo', 'enabled=true', ops)).statusCode, 401);
    assert.equal((await patch('/authn-jwt/ci/demo', 'enabled=perhaps', ops)).statusCode, 422);
    assert.equal((await patch('/elsewhere/ci/demo', 'enabled=true', ops)).statusCode, 404);
    assert.equal((await patch('/authn-jwt/ci/demo', 'enabled=true', '')).statusCode, 401);
    assert.deepEqual((await names()).enabled, ['authn', 'authn-jwt/ci']);
  });

  it('say what is wrong with them to whoever may read their status, first things first', async () => {
    const fault = async (url: string, authorization = ops) => {
      const answer = await status(url, authorization);
      return [answer.statusCode, answer.json<{ error: string }>().error];
    };
    const set = (name: string, payload: string) =>
      server.asAdmin({ method: 'POST', url: `/secrets/demo/variable/conjur/authn-jwt/ci/${name}`, payload });
    const [security, config] = ['Errors::Authentication::Security', 'Errors::Conjur'];
    assert.deepEqual(await fault('/authn-jwt/none/demo'), [
      500,
      `#<${security}::WebserviceNotFound: CONJ00005E Webservice 'authn-jwt/none/status' not found>`,
    ]);
    assert.deepEqual(await fault('/authn-jwt/ci/demo', eve), [
      403,
      `#<${security}::RoleNotAuthorizedOnResource: CONJ00006E 'eve' does not have 'read' privilege on ` +
        'demo:webservice:conjur/authn-jwt/ci/status>',
    ]);
    await patch('/authn-jwt/ci/demo', 'enabled=false', ops);
    assert.deepEqual(await fault('/authn-jwt/ci/demo'), [
      500,
      `#<${security}::AuthenticatorNotWhitelisted: CONJ00004E 'authn-jwt/ci' is not enabled>`,
    ]);
    await patch('/authn-jwt/ci/demo', 'enabled=true', ops);
    const noValue = (name: string): [number, string] => [
      500,
      `#<${config}::RequiredSecretMissing: CONJ00037E Missing value for resource: ` +
        `demo:variable:conjur/authn-jwt/ci/${name}>`,
    ];
    assert.deepEqual(await fault('/authn-jwt/ci/demo'), noValue('public-keys'));
    await set('public-keys', '{"type":"jwks","value":{}}');
    assert.deepEqual(await fault('/authn-jwt/ci/demo'), noValue('issuer'));
    await set('issuer', 'https://ci.example');
    assert.match(String((await fault('/authn-jwt/ci/demo'))[1]), /CONJ00120E/);
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: '1' }];
    await set('public-keys', JSON.stringify({ type: 'jwks', value: { keys } }));
    const sound = await status('/authn-jwt/ci/demo', ops);
    assert.deepEqual([sound.statusCode, sound.json()], [200, { status: 'ok' }]);
    assert.equal((await fault('/authn-magic/ci/demo'))[0], 404);
    assert.equal((await fault('/authn-oidc/login/demo'))[0], 404);
    assert.equal((await fault('/authn/demo'))[0], 501);
    assert.equal((await status('/authn-jwt/ci/demo', '')).statusCode, 401);
  });

  it('answer 401 where they are not switched on, not there yet, or unknown', async () => {
    const post = async (url: string) =>
      (await server.app.inject({ method: 'POST', url, payload: 'jwt=a.b.c' })).statusCode;
    const get = async (url: string) => (await server.app.inject(url)).statusCode;
    for (const path of [
      'authn-jwt/none/demo',
      'authn-ldap/x/demo/alice',
      'authn-azure/x/demo/host%2Fa',
      'authn-iam/x/demo/host%2Fa',
      'authn-k8s/x/demo/host%2Fa',
      'authn-gcp/demo',
      'authn-oidc/login/demo',
      'authn-oidc/demo',
      'authn-jwt/demo',
      'authn-magic/x/demo/alice',
    ]) {
      assert.equal(await post(`/${path}/authenticate`), 401, path);
    }
    assert.equal(await post('/authn-k8s/x/inject_client_cert'), 401);
    assert.equal(await get('/authn-ldap/x/demo/login'), 401);
    assert.equal(await get('/authn-oidc/login/demo/authenticate?code=1'), 401);
    assert.equal(await post('/authn-jwt/ci/demo/elsewhere'), 404);
    assert.equal(await post('/elsewhere/ci/demo/authenticate'), 404);
    for (const odd of ['x'.repeat(4096), 'a%3Ab', '%F0%9F%92%A9', '..%2F..', '%FF', 'a%00b', "'", '%25']) {
      for (const url of [`/authn-jwt/${odd}/demo/authenticate`, `/authn-jwt/ci/demo/${odd}/authenticate`]) {
        const answered = await post(url);
        assert.ok(answered >= 400 && answered < 500, `${url.slice(0, 60)} ${answered}`);
      }
    }
    const providers = await server.app.inject('/authn-oidc/demo/providers');
    assert.deepEqual([providers.statusCode, providers.json()], [200, []]);
  });
});

it('obey the list of the operator alone, where there is one', { timeout: 60_000 }, async () => {
  const server = await startTestServer({ settings: { authenticators: ['authn-jwt/other'] } });
  try {
    await server.load(policy);
    const switched = await server.asAdmin({
      method: 'PATCH',
      url: '/authn-jwt/ci/demo',
      payload: 'enabled=true',
    });
    assert.equal(switched.statusCode, 204);
    const { enabled } = (await server.app.inject('/authenticators')).json<{ enabled: string[] }>();
    assert.deepEqual(enabled, ['authn', 'authn-jwt/other']);
    const answer = await server.asAdmin({ url: '/authn-jwt/ci/demo/status' });
    assert.match(answer.json<{ error: string }>().error, /CONJ00004E/);
  } finally {
    await server.stop();
  }
});
