import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Ask, asker, askerFor, auditTrail } from '../testing/asker.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const policy = `
- !user alice
- !user robin
- !user uma
- !layer web
- !layer db
- !group not-a-layer
- !host-factory { id: factory, layers: [ !layer web, !layer db ] }
- !grant { role: !group not-a-layer, member: !host-factory factory }
- !permit { role: !user alice, privilege: [ read, execute ], resource: !host-factory factory }
- !permit { role: !user alice, privilege: read, resource: !group not-a-layer }
- !permit { role: !user robin, privilege: read, resource: !host-factory factory }
- !permit { role: !user uma, privilege: update, resource: !host-factory factory }
- !host stranger
- !host { id: mine, owner: !host-factory factory }
`;
const factory = 'demo:host_factory:factory';
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json' };
const until = '2050-12-31T00:00:00Z';

interface TokenJson {
  readonly expiration: string;
  readonly cidr: readonly string[];
  readonly token: string;
}

describe('host factories on a real database', { timeout: 60_000 }, () => {
  let server: TestServer;
  let admin: Ask;
  let alice: Ask;
  let robin: Ask;
  let uma: Ask;

  before(async () => {
    server = await startTestServer({ settings: { trustedProxies: ['127.0.0.0/8'] } });
    const keys = await server.load(policy);
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
    alice = await askerFor(server, 'alice', keys.get('demo:user:alice'));
    robin = await askerFor(server, 'robin', keys.get('demo:user:robin'));
    uma = await askerFor(server, 'uma', keys.get('demo:user:uma'));
  });
  after(() => server.stop());

  const tokens = async (ask: Ask, fields: Readonly<Record<string, unknown>> = {}) => {
    const body = { host_factory: factory, expiration: until, ...fields };
    return ask('POST /host_factory_tokens', JSON.stringify(body), json);
  };
  const newToken = async (fields: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const answer = await tokens(alice, fields);
    assert.equal(answer.statusCode, 200, answer.body);
    const [made] = answer.json<TokenJson[]>();
    return made?.token ?? '';
  };
  const host = (token: string, body: string, headers: Readonly<Record<string, string>> = form) =>
    asker(server, `Token token="${token}"`)('POST /host_factories/hosts', body, headers);
  const message = (answer: Awaited<ReturnType<Ask>>): unknown => {
    const { code, message: text } = answer.json<{ error: { code: string; message: string } }>().error;
    return [answer.statusCode, code, text];
  };

  it('gives tokens to whoever has execute: by form and by JSON, as many as asked for', async () => {
    const body = `host_factory=${factory}&expiration=2050-12-31&count=2&cidr[]=123.234.0.0/16&cidr[]=192.0.2.1`;
    const two = await alice('POST /host_factory_tokens', body, form);
    assert.equal(two.statusCode, 200, two.body);
    const made = two.json<TokenJson[]>();
    assert.equal(made.length, 2);
    for (const { token, ...rest } of made) {
      assert.match(token, /^[0-9a-hjkmnp-tv-z]{40,56}$/);
      assert.deepEqual(rest, { expiration: until, cidr: ['123.234.0.0/16', '192.0.2.1/32'] });
    }
    assert.notEqual(made[0]?.token, made[1]?.token);
    const query = await alice(`POST /host_factory_tokens?host_factory=${factory}&expiration=${until}`);
    assert.deepEqual(query.json<TokenJson[]>()[0]?.cidr, []);
    assert.equal((await tokens(alice, { count: null, cidr: null })).statusCode, 200);
  });

  it('shows tokens and layers with the factory, and keeps neither token in the clear', async () => {
    const token = await newToken({ cidr: '10.0.0.0/8', expiration: '2051-01-01T02:00:00+02:00' });
    const shown = (await robin('GET /resources/demo/host_factory/factory')).json<{
      tokens: TokenJson[];
      layers: string[];
    }>();
    assert.deepEqual(shown.layers, ['demo:layer:db', 'demo:layer:web']);
    assert.deepEqual(shown.tokens.at(-1), {
      expiration: '2051-01-01T00:00:00Z',
      cidr: ['10.0.0.0/8'],
      token,
    });
    const listed = (await robin('GET /resources/demo/host_factory')).json<{ tokens: TokenJson[] }[]>();
    assert.deepEqual(listed[0]?.tokens, shown.tokens);
    const rows = await server.postgres.inDatabase(
      server.addresses.data,
      (sql) => sql<{ row: string }[]>`select t::text as row from host_factory_tokens t`,
    );
    assert.ok(rows.length > 1);
    const dump = JSON.stringify([rows, await auditTrail(server)]);
    assert.ok(!dump.includes(token) && !dump.includes(Buffer.from(token).toString('hex')));
  });

  it('refuses tokens: 404 unseen, 403 without execute, 422 for fields that are wrong', async () => {
    const stranger = await askerFor(
      server,
      'host/stranger',
      (await admin('PUT /authn/demo/api_key?role=host:stranger')).body,
    );
    assert.equal((await tokens(stranger)).statusCode, 404);
    assert.equal((await tokens(alice, { host_factory: 'demo:host_factory:none' })).statusCode, 404);
    assert.equal((await tokens(robin)).statusCode, 403);
    assert.equal((await tokens(robin, { expiration: 'whenever' })).statusCode, 403, 'rights come first');
    const wrong: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
      [{ host_factory: null }, 'host_factory'],
      [{ host_factory: 'demo:group:not-a-layer' }, 'Invalid resource kind: group'],
      [{ expiration: null }, 'expiration'],
      [{ expiration: 'soon' }, 'Input is invalid ISO8601 datetime string: soon'],
      [{ expiration: 12345 }, 'Input is invalid ISO8601 datetime string: 12345'],
      [
        { expiration: '1970-01-01T00:00:00+00:00' },
        'Value for parameter expiration must be in the future: 1970-01-01T00:00:00+00:00',
      ],
      ...[-1, 0, 1.5, '1.5', 'many', ''].map(
        (count) => [{ count }, `Invalid value for parameter 'count': ${count}`] as const,
      ),
      [{ count: 1001 }, 'count: at most 1000 tokens are made at a time'],
    ];
    for (const [fields, text] of wrong) {
      assert.deepEqual(message(await tokens(alice, fields)), [422, 'argument_error', text]);
    }
    const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`;
    for (const field of ['expiration', 'count', 'cidr', 'host_factory']) {
      const body = `{"host_factory":"${factory}","expiration":"${until}","${field}":${deep}}`;
      assert.equal((await alice('POST /host_factory_tokens', body, json)).statusCode, 422, field);
    }
    const cidr = "Invalid IP address or CIDR range '1.895.abc.0/32'";
    const badCidr = await tokens(alice, { cidr: ['10.0.0.0/8', '1.895.abc.0/32'] });
    assert.deepEqual(message(badCidr), [422, 'unprocessable_entity', cidr]);
    assert.equal((await alice('POST /host_factory_tokens', '{', json)).statusCode, 400);
    assert.equal((await asker(server, '')('POST /host_factory_tokens')).statusCode, 401);
  });

  it('makes a host that the factory owns and that has its layers, with a key that works', async () => {
    const made = await host(await newToken(), 'id=app/one&annotations[description]=first&annotations[n]=1');
    assert.equal(made.statusCode, 201, made.body);
    const { api_key: apiKey, created_at: at, ...rest } = made.json<Record<string, unknown>>();
    assert.ok(typeof at === 'string');
    assert.deepEqual(rest, {
      id: 'demo:host:app/one',
      owner: factory,
      permissions: [],
      annotations: [
        { name: 'description', value: 'first' },
        { name: 'n', value: '1' },
      ],
      restricted_to: [],
    });
    const ask = await askerFor(server, 'host/app/one', String(apiKey));
    const all = (await ask('GET /roles/demo/host/app%2Fone?all')).json<string[]>();
    assert.deepEqual(all, ['demo:host:app/one', 'demo:layer:db', 'demo:layer:web']);
    const members = (await ask('GET /roles/demo/host/app%2Fone?members')).json();
    assert.deepEqual(members, [
      { admin_option: true, ownership: true, role: 'demo:host:app/one', member: factory },
    ]);
  });

  it('gives a host that the factory owns a new key, and nobody else’s', async () => {
    const token = await newToken();
    const first = (await host(token, 'id=app/two')).json<{ api_key: string }>().api_key;
    const again = await host(token, '{"id":"app/two","annotations":{"ignored":true}}', json);
    assert.equal(again.statusCode, 201);
    const second = again.json<{ api_key: string; annotations: unknown[] }>();
    assert.deepEqual(second.annotations, []);
    await assert.rejects(server.tokenFor('host/app/two', first), /401/);
    await server.tokenFor('host/app/two', second.api_key);
    const mine = await host(token, 'id=mine');
    assert.equal(mine.statusCode, 201);
    await server.tokenFor('host/mine', mine.json<{ api_key: string }>().api_key);
    const foreign = await host(token, 'id=stranger');
    assert.deepEqual([foreign.statusCode, foreign.body], [403, '']);
  });

  it('makes one host when many ask for it at once, and no request fails', async () => {
    const token = await newToken();
    const answers = await Promise.all(Array.from({ length: 8 }, () => host(token, 'id=app/many')));
    assert.deepEqual(
      answers.map(({ statusCode }) => statusCode),
      answers.map(() => 201),
    );
    const keys = answers.map((answer) => answer.json<{ api_key: string }>().api_key);
    const working = await Promise.allSettled(keys.map((key) => server.tokenFor('host/app/many', key)));
    assert.equal(working.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('refuses ids that are missing, belong to conjur, or are too long', async () => {
    const token = await newToken();
    const missing = [422, 'parameter_missing', 'param is missing or the value is empty: id'];
    for (const body of ['', 'id=', 'id=+', 'name=x'])
      assert.deepEqual(message(await host(token, body)), missing);
    for (const id of ['conjur/', '/conjur/', 'conjur/authn']) {
      assert.deepEqual(message(await host(token, `id=${id}`)), [422, 'argument_error', `Invalid id: ${id}`]);
    }
    assert.equal((await host(token, `id=${'x'.repeat(4096)}`)).statusCode, 422);
    assert.equal((await host(token, '{"id":"x","annotations":{"a":{}}}', json)).statusCode, 422);
    for (const body of ['{"id":"a\\u0000"}', '{"id":"a\\ud800"}', '{"id":"a","x":{"\\udc00":1}}']) {
      assert.equal((await host(token, body, json)).statusCode, 400, body);
    }
    assert.equal((await host(token, 'id=a%00b')).statusCode, 400);
    assert.equal(
      (await host(token, '{"id":"a\\ud83d\\ude00 \\\\u0000"}', json)).statusCode,
      201,
      'a pair, and a text',
    );
    const deep = `{"id":"x","annotations":${'['.repeat(400_000)}${']'.repeat(400_000)}}`;
    assert.equal((await host(token, deep, json)).statusCode, 201, 'no annotation in it');
  });

  it('says 401 to a token that is none, expired, revoked, or used from elsewhere', async () => {
    const from = (address: string) => ({ ...form, 'x-forwarded-for': address });
    const near = await newToken({ cidr: ['10.1.0.0/16'] });
    assert.equal((await host(near, 'id=near', from('10.1.2.3'))).statusCode, 201);
    const revoked = await newToken();
    assert.equal((await uma(`DELETE /host_factory_tokens/${revoked}`)).statusCode, 204);
    const expired = await newToken({ expiration: new Date(server.time.now + 1000).toISOString() });
    server.time.now += 1000;
    const refused = [
      host(near, 'id=near', from('10.2.0.1')),
      host(revoked, 'id=x'),
      host(expired, 'id=x'),
      host('nonsense', 'id=x'),
      host('', 'id=x'),
      asker(server, '')('POST /host_factories/hosts', 'id=x', form),
    ];
    for (const answer of await Promise.all(refused))
      assert.deepEqual([answer.statusCode, answer.body], [401, '']);
  });

  it('revokes tokens for whoever has update on the factory, once', async () => {
    const token = await newToken();
    const revoke = async (ask: Ask): Promise<number> =>
      (await ask(`DELETE /host_factory_tokens/${token}`)).statusCode;
    assert.equal(await revoke(alice), 403);
    assert.equal(await revoke(uma), 204);
    assert.equal(await revoke(uma), 404);
    assert.equal((await uma('DELETE /host_factory_tokens/nonsense')).statusCode, 404);
  });

  it('writes what happened into the trail, failures with their reason, and never a token', async () => {
    const token = await newToken();
    const earlier = (await auditTrail(server)).length;
    await newToken();
    await tokens(robin);
    await host(token, 'id=audited');
    await host(token, 'id=audited');
    await host(token, 'id=stranger');
    await host('nonsense', 'id=audited');
    await uma(`DELETE /host_factory_tokens/${token}`);
    const trail = (await auditTrail(server)).slice(earlier);
    assert.deepEqual(
      trail.map((row) => `${row.severity} ${row.msgid} ${row.message.replaceAll('demo:', '')}`),
      [
        '6 host-factory user:alice created a token of host_factory:factory',
        '4 host-factory user:robin failed to create a token of host_factory:factory: Forbidden',
        '6 host-factory host_factory:factory created host:audited',
        '6 host-factory host_factory:factory rotated the API key of host:audited',
        '4 host-factory host_factory:factory failed to create host:stranger: Forbidden',
        '4 host-factory user:not-found failed to create a host: CONJ00002E Invalid credentials',
        '6 host-factory user:uma revoked a token of host_factory:factory',
      ],
    );
  });

  it('loses the tokens with the factory', async () => {
    await server.load('- !layer l\n- !host-factory { id: brief, layers: [ !layer l ] }');
    const made = await tokens(admin, { host_factory: 'demo:host_factory:brief' });
    const token = made.json<TokenJson[]>()[0]?.token ?? '';
    const url = 'PATCH /policies/demo/policy/root' as const;
    assert.equal((await admin(url, '- !delete { record: !host-factory brief }')).statusCode, 201);
    assert.equal((await host(token, 'id=late')).statusCode, 401);
  });
});

describe('host factories where operators have set them otherwise', { timeout: 60_000 }, () => {
  it('are not there when they are switched off', async () => {
    const server = await startTestServer({ settings: { hostFactories: false } });
    try {
      const admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
      const gone = [
        admin('POST /host_factory_tokens', `host_factory=${factory}&expiration=${until}`, form),
        admin('DELETE /host_factory_tokens/x'),
        asker(server, 'Token token="x"')('POST /host_factories/hosts', 'id=x', form),
      ];
      for (const answer of await Promise.all(gone))
        assert.deepEqual([answer.statusCode, answer.body], [404, '']);
      assert.equal((await asker(server, '')('POST /host_factory_tokens')).statusCode, 401);
    } finally {
      await server.stop();
    }
  });

  it('give no API key to hosts that do not ask for one, where that is the rule', async () => {
    const server = await startTestServer({ settings: { hostApiKeys: false } });
    try {
      await server.load('- !layer l\n- !host-factory { id: factory, layers: [ !layer l ] }');
      const admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
      const made = await admin(
        'POST /host_factory_tokens',
        `host_factory=${factory}&expiration=${until}`,
        form,
      );
      const [token] = made.json<TokenJson[]>();
      const ask = asker(server, `Token token="${token?.token}"`);
      assert.equal((await ask('POST /host_factories/hosts', 'id=x', form)).statusCode, 422);
      const keyed = await ask('POST /host_factories/hosts', 'id=x&annotations[authn/api-key]=true', form);
      assert.equal(keyed.statusCode, 201);
      await server.tokenFor('host/x', keyed.json<{ api_key: string }>().api_key);
    } finally {
      await server.stop();
    }
  });
});
