import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { provision } from '../../store/provision.ts';
import { type Ask, asker, askerFor, auditTrail } from '../testing/asker.ts';
import { signedHeader } from '../testing/signed-tokens.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const rights = `
- !user alice
- !permit { role: !user alice, privileges: [ read, execute, update ], resource: !variable v }
- !permit { role: !user alice, privileges: [ read, create, update ], resource: !policy root }
- !permit { role: !user alice, privileges: [ read, update ], resource: !host web }
- !permit { role: !user alice, privileges: [ read, execute ], resource: !host-factory factory }
`;
const policy = `
- !variable v
- !host web
- !group g
- !layer l
- !host-factory { id: factory, layers: [ !layer l ] }
${rights}
`;
/** What alice may, one request of each kind; all of them 2xx. */
const requests: readonly (readonly [Parameters<Ask>[0], string?])[] = [
  ['GET /whoami'],
  ['GET /secrets/demo/variable/v'],
  ['HEAD /secrets/demo/variable/v'],
  ['GET /secrets?variable_ids=demo:variable:v'],
  ['POST /secrets/demo/variable/v', 'new'],
  ['POST /secrets/demo/variable/v?expirations'],
  ['GET /resources'],
  ['GET /resources/demo?count=true'],
  ['GET /resources/demo/variable/v'],
  ['GET /resources/demo/variable/v?check&privilege=execute'],
  ['GET /resources/demo/variable/v?permitted_roles&privilege=execute'],
  ['GET /roles/demo/user/alice'],
  ['GET /roles/demo/user/alice?all'],
  ['GET /roles/demo/user/alice?graph'],
  ['POST /policies/demo/policy/root?dryRun=true', '- !group x'],
  ['POST /policies/demo/policy/root', '- !group x'],
  ['GET /authn/demo/api_key?role=host:web'],
  ['PUT /authn/demo/api_key?role=host:web'],
  ['POST /host_factory_tokens?host_factory=demo:host_factory:factory&expiration=2090-01-01'],
];

describe('tokens and their roles', { timeout: 60_000 }, () => {
  let server: TestServer;
  let admin: Ask;

  before(async () => {
    server = await startTestServer();
    server.time.now = Date.now();
    server.become();
    await server.load(policy);
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
    assert.equal((await admin('POST /secrets/demo/variable/v', 'value')).statusCode, 201);
  });
  after(() => server.stop());

  const patch = async (text: string): Promise<ReadonlyMap<string, { readonly api_key: string }>> => {
    const answer = await admin('PATCH /policies/demo/policy/root', text);
    assert.equal(answer.statusCode, 201, answer.body);
    const { created_roles: roles } = answer.json<{ created_roles: Record<string, { api_key: string }> }>();
    return new Map(Object.entries(roles));
  };
  const newAlice = async (): Promise<Ask> => {
    await patch('- !delete { record: !user alice }');
    return askerFor(server, 'alice', (await patch(rights)).get('demo:user:alice')?.api_key);
  };
  const statuses = async (ask: Ask): Promise<readonly string[]> => {
    const answers: string[] = [];
    for (const [request, payload] of requests)
      answers.push(`${(await ask(request, payload)).statusCode} ${request}`);
    return answers;
  };

  it('die with the role, and stay dead when one of the same name is created', async () => {
    const first = await newAlice();
    assert.deepEqual(
      (await statuses(first)).filter((line) => !line.startsWith('20')),
      [],
    );
    await patch('- !delete { record: !user alice }');
    assert.deepEqual(
      (await statuses(first)).filter((line) => !line.startsWith('403')),
      [],
      'deleted',
    );
    const second = await askerFor(server, 'alice', (await patch(rights)).get('demo:user:alice')?.api_key);
    assert.deepEqual(
      (await statuses(first)).filter((line) => !line.startsWith('403')),
      [],
      'created again',
    );
    assert.deepEqual(
      (await statuses(second)).filter((line) => !line.startsWith('20')),
      [],
    );
  });

  it('hold without jti for roles older than themselves, and for no later one', async () => {
    await newAlice();
    await server.store.writes.transaction(
      (sql) => sql`update roles set created_at = now() - interval '1 hour' where role_id = 'demo:user:alice'`,
    );
    const iat = Math.floor(server.time.now / 1000) - 10;
    const token = asker(server, await signedHeader(server, 'demo', { iat, sub: 'alice' }));
    assert.equal((await token('GET /secrets/demo/variable/v')).statusCode, 200);
    const early = asker(
      server,
      await signedHeader(server, 'demo', { iat: iat - 7200, sub: 'alice', exp: iat + 480 }),
    );
    assert.equal((await early('GET /secrets/demo/variable/v')).statusCode, 403);
    await newAlice();
    assert.deepEqual(
      (await statuses(token)).filter((line) => !line.startsWith('403')),
      [],
    );
  });

  it('speak for the account of their key alone, whichever other has a role of that name', async () => {
    const { adminApiKey } = await provision({
      ...server.addresses,
      account: 'other',
      dataKey: server.dataKey,
    });
    const login = await asker(server, '')('POST /authn/other/admin/authenticate', adminApiKey.reveal());
    const other = asker(server, `Token token="${Buffer.from(login.body).toString('base64')}"`);
    const loaded = await other('POST /policies/other/policy/root', '- !user alice\n- !variable v');
    assert.equal(loaded.statusCode, 201);
    await other('POST /secrets/other/variable/v', 'theirs');
    const alice = await newAlice();
    await patch('- !delete { record: !user alice }');
    for (const request of ['GET /whoami', 'GET /secrets/other/variable/v', 'GET /resources'] as const) {
      assert.equal((await alice(request)).statusCode, 403, request);
    }
    assert.equal((await admin('GET /secrets/other/variable/v')).statusCode, 404);
    assert.deepEqual((await other('GET /whoami')).json<{ account: string }>().account, 'other');
    assert.equal((await other('GET /secrets/other/variable/v')).body, 'theirs');
  });
});

describe('token lifetimes and addresses', { timeout: 60_000 }, () => {
  let server: TestServer;
  let keys: ReadonlyMap<string, string>;

  before(async () => {
    server = await startTestServer({
      settings: {
        userTokenTtlSeconds: 60,
        hostTokenTtlSeconds: 7200,
        trustedProxies: ['127.0.0.1/32', '10.0.0.0/8'],
      },
    });
    keys = await server.load(
      '- !user alice\n- !host { id: far, restricted_to: [ 192.0.2.0/24, "2001:db8::/32" ] }',
    );
  });
  after(() => server.stop());

  const authenticate = async (remoteAddress: string, forwarded?: string): Promise<number> => {
    const answer = await server.app.inject({
      method: 'POST',
      url: '/authn/demo/host%2Ffar/authenticate',
      payload: keys.get('demo:host:far') ?? '',
      remoteAddress,
      ...(forwarded === undefined ? {} : { headers: { 'x-forwarded-for': forwarded } }),
    });
    return answer.statusCode;
  };

  it('are those of the settings, for users and for hosts', async () => {
    const claims = async (login: string, key: string): Promise<{ iat: number; exp: number }> => {
      const answer = await asker(server, '')(
        `POST /authn/demo/${encodeURIComponent(login)}/authenticate`,
        key,
        {
          'x-forwarded-for': '192.0.2.1',
        },
      );
      const { payload } = answer.json<{ payload: string }>();
      return JSON.parse(Buffer.from(payload, 'base64').toString()) as { iat: number; exp: number };
    };
    const user = await claims('alice', keys.get('demo:user:alice') ?? '');
    const host = await claims('host/far', keys.get('demo:host:far') ?? '');
    assert.deepEqual([user.exp - user.iat, host.exp - host.iat], [60, 7200]);
    const alice = await askerFor(server, 'alice', keys.get('demo:user:alice'));
    server.time.now += 59_000;
    server.become();
    assert.equal((await alice('GET /whoami')).statusCode, 200);
    server.time.now += 1000;
    server.become();
    assert.equal((await alice('GET /whoami')).statusCode, 401);
  });

  it('restrict a host to its networks as trusted proxies tell its address, and nobody else', async () => {
    assert.equal(await authenticate('192.0.2.7'), 200);
    assert.equal(await authenticate('2001:db8::7'), 200);
    assert.equal(await authenticate('::ffff:192.0.2.7'), 200);
    assert.equal(await authenticate('127.0.0.1', '192.0.2.7'), 200);
    assert.equal(await authenticate('127.0.0.1', '203.0.113.9, 192.0.2.7, 10.0.0.1'), 200);
    const refused: readonly (readonly [string, string?])[] = [
      ['127.0.0.1'],
      ['203.0.113.5'],
      ['203.0.113.5', '192.0.2.7'],
      ['127.0.0.1', '192.0.2.7, 203.0.113.9'],
      ['127.0.0.1', '192.0.2.7, nonsense'],
      ['192.0.3.1'],
    ];
    for (const [address, forwarded] of refused) {
      assert.equal(await authenticate(address, forwarded), 401, `${address} ${forwarded}`);
    }
    const trail = await auditTrail(server);
    assert.match(JSON.stringify(trail.at(-2)?.sdata), /"ip":"127\.0\.0\.1"/);
    assert.ok(trail.some(({ sdata }) => JSON.stringify(sdata).includes('"ip":"192.0.2.7"')));
  });

  it('bind a token to the networks in its claim', async () => {
    const iat = Math.floor(server.time.now / 1000); // long before admin was made, were it not for the years added below
    const authorization = await signedHeader(server, 'demo', {
      iat: iat + 9e9,
      exp: iat + 60,
      sub: 'admin',
      cidr: ['192.0.2.0/24'],
    });
    const from = async (remoteAddress: string): Promise<unknown> => {
      const answer = await server.app.inject({ url: '/whoami', headers: { authorization }, remoteAddress });
      return answer.statusCode === 200 ? 200 : [answer.statusCode, answer.body];
    };
    assert.equal(await from('192.0.2.1'), 200);
    assert.deepEqual(await from('203.0.113.5'), [403, 'IP address rejected']);
    assert.equal(await from('192.0.2.1'), 200, 'whatever was remembered of the token');
  });
});
