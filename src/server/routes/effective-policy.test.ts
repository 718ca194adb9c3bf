import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { seededRandom } from '../../core/random.ts';
import { randomPolicyText } from '../../core/testing/random-policy.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

type Answer = Awaited<ReturnType<TestServer['asAdmin']>>;

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.stop());

const fetch = (policy: string, query = '', headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  server.asAdmin({ url: `/policies/demo/policy/${policy}${query}`, headers });

it('answers the policy in force as YAML or JSON, and records who read it', async () => {
  await server.load(`
- !policy
  id: shop
  body:
  - !user {id: ann, restricted_to: [10.0.0.0/8], public_keys: [ssh-rsa AAAA laptop]}
  - !group sellers
  - !variable {id: db/password, annotations: {description: "a: b"}}
  - !permit {role: !group sellers, privileges: [read, execute], resource: !variable db/password}`);
  const yaml = await fetch('shop');
  assert.equal(yaml.statusCode, 200, yaml.body);
  assert.equal(yaml.headers['content-type'], 'application/x-yaml; charset=utf-8');
  assert.equal(
    yaml.body,
    `---
- !policy
  id: shop
  body:
  - !user
    id: ann
    restricted_to: [10.0.0.0/8]
    public_keys: [ssh-rsa AAAA laptop]
  - !variable
    id: db/password
    annotations:
      description: 'a: b'
  - !group sellers
  - !permit
    role: !group sellers
    privileges: [execute, read]
    resource: !variable db/password
`,
  );
  const json = await fetch('shop', '?depth=0', { 'content-type': 'application/json' });
  assert.match(String(json.headers['content-type']), /^application\/json/);
  const [policy] = json.json<{ policy: { id: string; body: readonly unknown[] } }[]>();
  assert.equal(policy?.policy.id, 'shop');
  assert.deepEqual(
    (await server.auditMessages()).at(-1)?.replace(/"role_id.*/, ''),
    'demo:user:admin readed {:account=>"demo", :identifier=>"shop", :depth=>"0", :role_id=>"demo:user:admin"}',
  );
});

it('is for who owns the policy, and within bounds', async () => {
  const keys = await server.load(`
- !user reader
- !user stranger
- !policy {id: closed, body: [!variable v]}
- !permit {role: !user reader, privilege: read, resource: !policy closed}`);
  const as = async (login: string): Promise<number> => {
    const authorization = await server.tokenFor(login, keys.get(`demo:user:${login}`) ?? '');
    const answer = await server.app.inject({
      url: '/policies/demo/policy/closed',
      headers: { authorization },
    });
    return answer.statusCode;
  };
  assert.deepEqual([await as('reader'), await as('stranger')], [403, 404]);
  for (const [query, status] of [
    ['?depth=x', 400],
    ['?depth=-1', 400],
    ['?depth=65', 400],
    ['?limit=100001', 400],
    ['?limit=', 400],
    ['?limit=1', 422],
    ['?depth=64&limit=100000', 200],
  ] as const) {
    assert.equal((await fetch('closed', query)).statusCode, status, query);
  }
  assert.equal((await fetch('nowhere')).statusCode, 404);
  assert.equal(
    (await server.asAdmin({ method: 'HEAD', url: '/policies/demo/policy/closed' })).statusCode,
    200,
  );
});

it('changes nothing when it is loaded again, in every mode', async () => {
  const random = seededRandom(7);
  let loaded = 0;
  for (let round = 0; round < 120; round += 1) {
    const mode = random.pick(['append', 'modify'] as const);
    const url = '/policies/demo/policy/root';
    const payload = randomPolicyText(random, mode);
    const answer = await server.asAdmin({ method: mode === 'append' ? 'POST' : 'PATCH', url, payload });
    assert.ok(answer.statusCode < 500, answer.body);
    if (answer.statusCode === 201) loaded += 1;
  }
  assert.ok(loaded > 15, `${loaded} loads`);
  const inForce = await fetch('root');
  assert.equal(inForce.statusCode, 200, inForce.body);
  for (const method of ['POST', 'PATCH', 'PUT'] as const) {
    const messages = (await server.auditMessages()).length;
    const url = '/policies/demo/policy/root';
    const dry = await server.asAdmin({ method, url: `${url}?dryRun=true`, payload: inForce.body });
    const nothing = { items: [] };
    assert.deepEqual(dry.json(), {
      status: 'Valid YAML',
      created: nothing,
      updated: { before: nothing, after: nothing },
      deleted: nothing,
    });
    const answer = await server.asAdmin({ method, url, payload: inForce.body });
    assert.equal(answer.statusCode, 201, answer.body);
    assert.deepEqual(answer.json<{ created_roles: unknown }>().created_roles, {});
    const told = (await server.auditMessages()).slice(messages);
    assert.deepEqual(
      told.filter((message) => / (added|changed|removed) /.test(message)),
      [],
      method,
    );
  }
  assert.equal((await fetch('root')).body, inForce.body);
});
