import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { after, before, beforeEach, describe, it } from 'node:test';
import { SignJWT } from 'jose';
import { startTestProvider, type TestProvider } from '../../testing/test-provider.ts';
import { startTestServer, type TestServer } from '../../testing/test-server.ts';

const policy = `
- !policy
  id: conjur/authn-jwt/ci
  body:
  - !webservice
  - !webservice status
  - !variable jwks-uri
  - !variable token-app-property
  - !variable identity-path
  - !variable issuer
  - !variable audience
  - !group apps
  - !permit { role: !group apps, privilege: [ read, authenticate ], resource: !webservice }
- !policy
  id: conjur/authn-jwt/found
  body:
  - !webservice
  - !variable provider-uri
  - !group apps
  - !permit { role: !group apps, privilege: [ read, authenticate ], resource: !webservice }
- !policy
  id: conjur/authn-jwt/given
  body:
  - !webservice
  - !variable public-keys
  - !variable issuer
  - !variable token-app-property
  - !variable enforced-claims
  - !variable claim-aliases
  - !group apps
  - !permit { role: !group apps, privilege: [ read, authenticate ], resource: !webservice }
- !policy
  id: apps
  body:
  - !host
    id: web
    annotations:
      authn-jwt/ci/project: shop
      authn-jwt/ci/place/zone: a1
      authn-jwt/found/project: shop
      authn-jwt/given/team: shop
      authn-jwt/given/place/zone: a1
  - !host { id: bare }
  - !host { id: stranger, annotations: { authn-jwt/ci/project: shop } }
  - !host
    id: far
    restricted_to: [ 10.0.0.0/8 ]
    annotations: { authn-jwt/ci/project: shop }
- !grant
  role: !group conjur/authn-jwt/ci/apps
  members: [ !host apps/web, !host apps/bare, !host apps/far ]
- !grant { role: !group conjur/authn-jwt/found/apps, member: !host apps/web }
- !grant { role: !group conjur/authn-jwt/given/apps, member: !host apps/web }
- !user ops
`;

const web = { app: 'web', project: 'shop', place: { zone: 'a1' } };

describe('authn-jwt against a real provider', { timeout: 60_000 }, () => {
  let server: TestServer;
  let provider: TestProvider;

  const set = async (name: string, value: string): Promise<void> => {
    const url = `/secrets/demo/variable/${encodeURIComponent(`conjur/authn-jwt/${name}`)}`;
    const answer = await server.asAdmin({ method: 'POST', url, payload: value });
    assert.equal(answer.statusCode, 201);
  };
  const send = (token: string, path = 'ci/demo') =>
    server.app.inject({
      method: 'POST',
      url: `/authn-jwt/${path}/authenticate`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `jwt=${token}`,
    });
  const refused = async (token: string, reason: RegExp, status = 401, path = 'ci/demo'): Promise<void> => {
    const answer = await send(token, path);
    assert.equal(answer.statusCode, status, answer.body);
    assert.equal(answer.body, '');
    assert.match((await server.auditMessages()).at(-1) ?? '', reason);
  };
  const pass = (ms: number): void => {
    server.time.now += ms;
    server.become();
  };
  /** Longer than the pause between two fetches of the same keys, shorter than a token lives. */
  const aMoment = 6000;

  before(async () => {
    server = await startTestServer({
      settings: { authenticators: ['authn-jwt/ci', 'authn-jwt/found', 'authn-jwt/given'] },
    });
    pass(Date.now() - server.time.now);
    provider = await startTestProvider();
    await server.load(policy);
    await set('ci/jwks-uri', provider.jwksUri);
    await set('ci/token-app-property', 'app');
    await set('ci/identity-path', 'apps');
    await set('ci/issuer', provider.issuer);
    await set('ci/audience', 'conjur');
  });
  after(async () => {
    await provider.stop();
    await server.stop();
  });
  beforeEach(() => pass(Date.now() - server.time.now + aMoment));

  it('gives the host that a token names an access token that works, and records it', async () => {
    const answer = await send(await provider.token(web));
    assert.equal(answer.statusCode, 200, answer.body);
    const authorization = `Token token="${Buffer.from(answer.body).toString('base64')}"`;
    const whoami = await server.app.inject({ url: '/whoami', headers: { authorization } });
    assert.equal(whoami.json<{ username: string }>().username, 'host/apps/web');
    assert.ok(
      (await server.auditMessages()).includes(
        'demo:host:apps/web successfully authenticated with authenticator authn-jwt service ' +
          'demo:webservice:conjur/authn-jwt/ci',
      ),
    );
  });

  it('takes JSON and answers base64 on request', async () => {
    const answer = await server.app.inject({
      method: 'POST',
      url: '/authn-jwt/ci/demo/authenticate',
      headers: { 'content-type': 'application/json', 'accept-encoding': 'base64' },
      payload: { jwt: await provider.token(web) },
    });
    assert.equal(answer.statusCode, 200);
    assert.equal(answer.headers['content-encoding'], 'base64');
    assert.match(Buffer.from(answer.body, 'base64').toString(), /"protected"/);
  });

  it('refuses 401 an expired token with a reason, and each other token without one', async () => {
    const token = await provider.token(web);
    pass(55_000 - aMoment);
    assert.equal((await send(token)).statusCode, 200);
    pass(10_000);
    const late = await send(token);
    assert.equal(late.statusCode, 401);
    assert.deepEqual(late.json(), { error: { code: 'unauthorized', message: 'CONJ00016E Token expired' } });
    pass(-90_000);
    await refused(token, /CONJ00035E .*nbf|CONJ00035E .*iat/);
  });

  it('refuses 401 a token for another audience or from another issuer', async () => {
    await refused(await provider.token(web, 'elsewhere'), /CONJ00035E .*audience/);
    await set('ci/issuer', 'https://issuer.example');
    await refused(await provider.token(web), /CONJ00035E .*issuer/);
    await set('ci/issuer', provider.issuer);
    assert.equal((await send(await provider.token(web))).statusCode, 200);
  });

  it('refuses 401 what the host does not agree with', async () => {
    await refused(await provider.token({ ...web, project: 'bank' }), /CONJ00049E .*'project'/);
    await refused(await provider.token({ ...web, place: { zone: 'b2' } }), /CONJ00049E .*'place\/zone'/);
    await refused(await provider.token({ app: 'web', project: 'shop' }), /CONJ00084E .*'place\/zone'/);
    await refused(await provider.token({ ...web, app: 'bare' }), /CONJ00099E/);
    await refused(await provider.token({ ...web, app: 'nobody' }), /CONJ00007E 'host\/apps\/nobody'/);
    await refused(await provider.token({ project: 'shop' }), /CONJ00081E 'app'/);
    await refused(await provider.token({ ...web, app: 7 }), /CONJ00118E/);
    await refused(await provider.token({ ...web, app: 'far' }), /CONJ00003E/);
  });

  it('refuses 403 a host without the privilege on the webservice', async () => {
    await refused(
      await provider.token({ ...web, app: 'stranger' }),
      /CONJ00006E 'host\/apps\/stranger'/,
      403,
    );
  });

  it('refuses 400 a body without a token', async () => {
    for (const payload of ['', 'jwt=', 'token=x']) {
      const answer = await server.app.inject({
        method: 'POST',
        url: '/authn-jwt/ci/demo/authenticate',
        payload,
      });
      assert.equal(answer.statusCode, 400);
    }
  });

  it('refuses 401 tokens that are none, signed by nobody, or signed with what is no private key', async () => {
    const token = await provider.token(web);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const headed = (fields: object): string => Buffer.from(JSON.stringify(fields)).toString('base64url');
    await refused('nonsense', /CONJ00077E/);
    await refused(`${header}.${payload}.${signature.slice(0, -6)}AAAAAA`, /CONJ00035E .*Signature/);
    await refused(`${headed({ alg: 'none', kid })}.${payload}.`, /CONJ00035E .*algorithm/);
    const published = (await (await fetch(provider.jwksUri)).json()) as { keys: JsonWebKey[] };
    const publicKey = createPublicKey({ key: published.keys[0] ?? {}, format: 'jwk' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const confused = `${headed({ alg: 'HS256', kid })}.${payload}`;
    const mac = createHmac('sha256', pem).update(confused).digest('base64url');
    await refused(`${confused}.${mac}`, /CONJ00035E .*algorithm/);
  });

  it('follows a rotation of keys, and lets invented key ids ask the provider once in a while only', async () => {
    assert.equal((await send(await provider.token(web))).statusCode, 200);
    pass(aMoment);
    provider.rotate();
    const asked = provider.asked.keys;
    assert.equal((await send(await provider.token(web))).statusCode, 200);
    assert.equal(provider.asked.keys, asked + 1);
    const forged = await forgedToken('invented');
    pass(aMoment);
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(forged)));
    assert.ok(answers.every(({ statusCode }) => statusCode === 401));
    await refused(forged, /CONJ00035E .*key id/);
    assert.equal(provider.asked.keys, asked + 2);
  });

  it('lives with the keys it has for an hour while the provider is down, then answers 502', async () => {
    const token = await provider.token(web);
    assert.equal((await send(token)).statusCode, 200);
    const status = async () => (await server.asAdmin({ url: '/authn-jwt/ci/demo/status' })).statusCode;
    pass(aMoment);
    assert.equal(await status(), 200);
    await provider.down();
    pass(50_000 - 2 * aMoment);
    assert.equal((await send(token)).statusCode, 200);
    assert.equal(await status(), 500);
    pass(59 * 60_000);
    assert.equal(
      (await send(token)).json<{ error: { message: string } }>().error.message,
      'CONJ00016E Token expired',
    );
    pass(2 * 60_000);
    await refused(token, /CONJ00087E .*ECONNREFUSED/, 502);
    await provider.up();
    pass(aMoment);
    assert.equal((await send(token)).statusCode, 401);
    pass(Date.now() - server.time.now + aMoment);
    assert.equal((await send(await provider.token(web))).statusCode, 200);
  });

  it('finds the keys of a discovered provider, whose name is the issuer then; the URL names the host', async () => {
    await set('found/provider-uri', provider.issuer);
    const path = 'found/demo/host%2Fapps%2Fweb';
    const answer = await send(await provider.token(web), path);
    assert.equal(answer.statusCode, 200, answer.body);
    assert.equal((await send(await provider.token(web), 'found/demo/host/apps/web')).statusCode, 200);
    await refused(await provider.token(web), /CONJ00098E/, 401, 'found/demo');
    await refused(await provider.token(web), /CONJ00098E/, 401, 'ci/demo/host%2Fapps%2Fweb');
    await set('found/provider-uri', provider.issuer.replace('127.0.0.1', 'localhost'));
    await refused(await provider.token(web), /CONJ00011E .*another issuer/, 502, path);
    await set('found/provider-uri', `${provider.issuer}/elsewhere`);
    await refused(await provider.token(web), /CONJ00011E/, 502, path);
  });

  it('takes keys that stand in the configuration, with enforced claims and aliases', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'k1' };
    const sign = (claims: Record<string, unknown>): Promise<string> =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS512', kid: 'k1' })
        .setIssuer('https://ci.example')
        .setExpirationTime(Math.floor(server.time.now / 1000) + 60)
        .sign(privateKey);
    await set('given/issuer', 'https://ci.example');
    await set('given/public-keys', JSON.stringify({ type: 'jwks', value: { keys: [jwk] } }));
    await set('given/token-app-property', 'deep/app');
    await set('given/enforced-claims', 'project, place/zone');
    await set('given/claim-aliases', 'team:project');
    const claims = { deep: { app: 'apps/web' }, project: 'shop', place: { zone: 'a1' } };
    const answer = await send(await sign(claims), 'given/demo');
    assert.equal(answer.statusCode, 200, answer.body);
    await refused(await sign({ ...claims, project: 'bank' }), /CONJ00049E .*'team'/, 401, 'given/demo');
    await refused(await sign({ deep: claims.deep }), /CONJ00084E .*'project'/, 401, 'given/demo');
    await set('given/public-keys', JSON.stringify({ type: 'pem', value: {} }));
    await refused(await sign(claims), /CONJ00120E/, 401, 'given/demo');
  });

  it('answers 502 or 504 when the keys are too many bytes, no JSON, elsewhere, or too slow', async () => {
    const token = await provider.token(web);
    provider.answerKeys((response) => void response.end(`{"keys":["${'x'.repeat(300_000)}"]}`));
    await set('ci/jwks-uri', `${provider.jwksUri}#1`);
    await refused(token, /CONJ00087E .*larger/, 502);
    provider.answerKeys((response) => void response.end('<html>'));
    await set('ci/jwks-uri', `${provider.jwksUri}#2`);
    await refused(token, /CONJ00087E .*no JSON/, 502);
    provider.answerKeys(
      (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    );
    await set('ci/jwks-uri', `${provider.jwksUri}#3`);
    await refused(token, /CONJ00087E .*302/, 502);
    provider.answerKeys((response) => void response.writeHead(200).write('{"keys":'));
    await set('ci/jwks-uri', `${provider.jwksUri}#4`);
    await refused(token, /CONJ00087E .*3000 ms/, 504);
    provider.answerKeys(null);
    await set('ci/jwks-uri', 'no url at all');
    await refused(token, /CONJ00087E .*no http/, 401);
    await set('ci/jwks-uri', provider.jwksUri);
    assert.equal((await send(token)).statusCode, 200);
  });

  async function forgedToken(kid: string): Promise<string> {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return new SignJWT({ ...web, aud: 'conjur', iss: provider.issuer })
      .setProtectedHeader({ alg: 'RS256', kid })
      .setExpirationTime('1m')
      .sign(privateKey);
  }
});
