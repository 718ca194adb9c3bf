import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Ask, askerFor, auditTrail } from '../testing/asker.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const variables = Array.from(
  { length: 12 },
  (_, index) => `- !variable many/v${String(index).padStart(2, '0')}`,
);
const policy = `
- !user alice
- !group team
- !grant { role: !group team, member: !user alice }
- !policy
  id: dev
  owner: !user alice
  body:
    - !variable dev-var
- !variable { id: target.one, annotations: { description: a bull's-eye } }
- !variable { id: other, annotations: { name: target } }
- !variable team-var
- !permit { role: !group team, privilege: read, resource: !variable team-var }
${variables.join('\n')}
`;

describe('lists of resources on a real database', { timeout: 60_000 }, () => {
  let server: TestServer;
  let admin: Ask;
  let alice: Ask;

  before(async () => {
    server = await startTestServer({ settings: { listLimitMax: 15 } });
    const keys = await server.load(policy);
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
    alice = await askerFor(server, 'alice', keys.get('demo:user:alice'));
  });
  after(() => server.stop());

  const ids = async (ask: Ask, path: string): Promise<string[]> => {
    const answer = await ask(`GET /resources${path}`);
    assert.equal(answer.statusCode, 200, answer.body);
    return answer.json<{ id: string }[]>().map(({ id }) => id.slice('demo:'.length));
  };
  const refusal = async (ask: Ask, query: string): Promise<unknown> => {
    const answer = await ask(`GET /resources/demo?${query}`);
    return answer.body === ''
      ? answer.statusCode
      : [answer.statusCode, answer.json<{ error: unknown }>().error];
  };

  it('orders by id, and gives no more than the cap says, unless it only counts', async () => {
    const all = await ids(admin, '/demo');
    assert.equal(all.length, 15);
    assert.deepEqual(all, all.toSorted());
    assert.deepEqual((await admin('GET /resources/demo?count=true')).json(), { count: 20 });
    assert.equal((await ids(admin, '/demo/variable?limit=15')).length, 15);
    assert.equal((await ids(admin, '?kind=group')).length, 1);
  });

  it('gives ten entries from an offset on, and pages of any size below the cap', async () => {
    assert.equal((await ids(admin, '/demo/variable?offset=2')).length, 10);
    assert.deepEqual(await ids(admin, '/demo/variable?limit=2&offset=1'), [
      'variable:many/v00',
      'variable:many/v01',
    ]);
    assert.deepEqual(await ids(admin, '/demo?limit=5&offset=1000'), []);
  });

  it('refuses pages that are none with 422, in the words of Conjur', async () => {
    const invalid = (message: string): unknown => [422, { code: 'unprocessable_entity', message }];
    const limit = invalid("'limit' contains an invalid value. 'limit' must be a positive integer.");
    for (const text of ['abc', '0', '-10', '1.5', '', '01']) {
      assert.deepEqual(await refusal(admin, `limit=${text}`), limit, text);
    }
    const offset = invalid(
      "'offset' contains an invalid value. 'offset' must be an integer greater than or equal to 0.",
    );
    for (const text of ['abc', '-10', ''])
      assert.deepEqual(await refusal(admin, `limit=1&offset=${text}`), offset);
    assert.deepEqual(await refusal(admin, 'limit=16'), invalid("'Limit' parameter must not exceed 15"));
    assert.equal((await ids(admin, '/demo?limit=10000')).length, 20, 'what old clients say');
  });

  it('finds words in ids, annotations and kinds', async () => {
    assert.deepEqual(await ids(admin, '/demo?search=target'), ['variable:other', 'variable:target.one']);
    assert.deepEqual(await ids(admin, '/demo?search=dev-var'), ['variable:dev/dev-var']);
    assert.deepEqual(await ids(admin, '/demo?search=bull'), ['variable:target.one']);
    assert.deepEqual(await ids(admin, '/demo?search=group'), ['group:team']);
  });

  it('lists for a role that the caller has: role first, then acting_as; 403 for any other', async () => {
    assert.deepEqual(await ids(alice, '/demo?role=demo:group:team'), ['variable:team-var']);
    assert.deepEqual(await ids(alice, '/demo?acting_as=demo:group:team&role='), ['variable:team-var']);
    assert.equal((await ids(admin, '?acting_as=demo:group:team&role=demo:user:alice')).length, 3);
    for (const role of ['demo:user:admin', 'demo:user:nobody', 'alice']) {
      assert.equal(await refusal(alice, `role=${role}`), 403, role);
    }
  });

  it('narrows to what an owner, or a role that it has, owns; 404 for an owner that is none', async () => {
    const dev = ['policy:dev', 'variable:dev/dev-var'];
    assert.deepEqual(await ids(admin, '/demo?owner=user:alice'), dev);
    assert.deepEqual(await ids(admin, '/demo?owner=demo:policy:dev'), ['variable:dev/dev-var']);
    assert.equal((await admin('GET /resources/demo?owner=user:nobody')).statusCode, 404);
    assert.equal((await admin('GET /resources/demo?owner=alice')).statusCode, 422);
  });

  it('records lists and checks in the words of Conjur; a check that says no is a failure', async () => {
    const earlier = (await auditTrail(server)).length;
    await admin('GET /resources/demo/variable?offset=1&limit=1');
    await alice('GET /resources/demo?limit=abc');
    await alice('GET /resources/demo/variable/team-var?check&privilege=read');
    await alice('GET /resources/demo/variable/team-var?check&privilege=fry&role=demo:group:team');
    await alice('GET /resources/demo/variable/other?check&privilege=read');
    await alice('GET /resources/demo/variable/team-var');
    const trail = (await auditTrail(server)).slice(earlier);
    assert.deepEqual(
      trail.map(({ severity, message }) => `${severity} ${message.replaceAll('demo:', '')}`),
      [
        '6 user:admin successfully listed resources with parameters: {:account=>"demo", :kind=>"variable", :limit=>"1", :offset=>"1"}',
        '4 user:alice failed to list resources with parameters: {:account=>"demo", :limit=>"abc"}: ' +
          "'limit' contains an invalid value. 'limit' must be a positive integer.",
        '6 user:alice successfully checked if they can read variable:team-var',
        '4 user:alice failed to check if group:team can fry variable:team-var',
        "4 user:alice failed to check if they can read variable:other: Variable 'other' not found in account 'demo'",
        '6 user:alice successfully fetched resource details.',
      ],
    );
  });
});
