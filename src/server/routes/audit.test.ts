import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Ask, askerFor } from '../testing/asker.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const policy = `
- !user alice
- !user bob
- !user eve
- !group ops
- !grant {role: !group ops, member: !user bob}
- !policy
  id: app
  owner: !user alice
  body:
    - !variable one
    - !variable two
- !permit {role: !group ops, privileges: [read, execute], resource: !variable app/one}
- !permit {role: !user alice, privilege: read, resource: !user eve}`;

interface Wire {
  readonly facility: number;
  readonly severity: number;
  readonly timestamp: string;
  readonly hostname: string | null;
  readonly appname: string;
  readonly procid: string;
  readonly msgid: string;
  readonly sdata: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly message: string;
}

describe('GET /audit', { timeout: 60_000 }, () => {
  let server: TestServer;
  let admin: Ask;
  let alice: Ask;
  let bob: Ask;
  let eve: Ask;
  before(async () => {
    server = await startTestServer({ settings: { listLimitMax: 50 } });
    server.time.now = Date.parse('2026-01-01T00:00:00.000Z');
    server.become();
    const keys = await server.load(policy);
    const as = (login: string): Promise<Ask> => askerFor(server, login, keys.get(`demo:user:${login}`));
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
    [alice, bob, eve] = [await as('alice'), await as('bob'), await as('eve')];
    for (const name of ['one', 'two']) {
      const stored = await alice(`POST /secrets/demo/variable/app%2F${name}`, `value of ${name}`);
      assert.equal(stored.statusCode, 201);
    }
    server.time.now += 60_000;
    server.become();
    assert.equal((await bob('GET /secrets/demo/variable/app%2Fone')).statusCode, 200);
    assert.equal((await bob('GET /secrets/demo/variable/app%2Ftwo')).statusCode, 404);
    const both = 'GET /secrets?variable_ids=demo:variable:app%2Fone,demo:variable:app%2Ftwo';
    assert.equal((await alice(both)).statusCode, 200);
  });
  after(() => server.stop());

  const found = async (ask: Ask, query: string): Promise<readonly Wire[]> => {
    const answer = await ask(`GET /audit${query}`);
    assert.ok([200, 404].includes(answer.statusCode), answer.body);
    const records = answer.json<readonly Wire[]>();
    assert.equal(answer.statusCode, records.length === 0 ? 404 : 200);
    return records;
  };
  const messages = async (ask: Ask, query: string): Promise<readonly string[]> =>
    (await found(ask, query)).map(({ message }) => message);

  it('answers records as Conjur has them, the newest first', async () => {
    const [record, ...more] = await found(admin, '?msgid=fetch&role=demo:user:bob&severity=6');
    assert.deepEqual(more, []);
    const { procid, ...rest } = record ?? { procid: '' };
    assert.notEqual(procid, '');
    assert.deepEqual(rest, {
      facility: 10,
      severity: 6,
      timestamp: '2026-01-01T00:01:00.000Z',
      hostname: 'node-1',
      appname: 'conjur',
      msgid: 'fetch',
      sdata: {
        'auth@43868': { user: 'demo:user:bob' },
        'subject@43868': { resource: 'demo:variable:app/one' },
        'action@43868': { result: 'success', operation: 'fetch' },
        'client@43868': { ip: '127.0.0.1' },
      },
      message: 'demo:user:bob fetched demo:variable:app/one',
    });
    const updates = await messages(admin, '?msgid=update');
    assert.deepEqual(
      updates.map((message) => /app\/\w+/.exec(message)?.[0]),
      ['app/two', 'app/one'],
    );
  });

  it('shows a row that stands for several records as each of them', async () => {
    const fetched = await messages(admin, '?msgid=fetch&role=demo:user:alice');
    assert.deepEqual(fetched, [
      'demo:user:alice fetched demo:variable:app/two',
      'demo:user:alice fetched demo:variable:app/one',
    ]);
    const one = '?msgid=fetch&role=demo:user:alice&subject@43868%2Fresource=demo:variable:app%2Ftwo';
    assert.deepEqual(await messages(admin, one), ['demo:user:alice fetched demo:variable:app/two']);
  });

  it('finds by resource, role and entity, in the query or the path', async () => {
    const one = 'demo:variable:app%2Fone';
    const fetched = [
      'demo:user:alice fetched demo:variable:app/one',
      'demo:user:bob fetched demo:variable:app/one',
    ];
    for (const query of [`?resource=${one}&msgid=fetch`, `/resources/${one}?msgid=fetch`]) {
      assert.deepEqual(await messages(admin, query), fetched, query);
    }
    const asked = async (query: string): Promise<number> => (await found(admin, query)).length;
    assert.equal(await asked('/roles/demo:user:bob?msgid=fetch'), 2);
    assert.equal(await asked(`/entities/${one}?msgid=fetch`), 2);
    assert.equal(await asked('?entity=demo:user:bob&msgid=fetch'), 2);
    assert.equal(await asked('?role=demo:user:bob&msgid=fetch&action@43868/result=failure'), 1);
    assert.equal(await asked('?action@43868/operation=fetch'), 4);
    assert.equal(await asked('?hostname=node-1&msgid=fetch'), 4);
    assert.equal(await asked('?hostname=node-2'), 0);
    assert.equal(await asked(`?resource=${one}&role=demo:user:nobody`), 0);
  });

  it('keeps to a time, a limit and an offset', async () => {
    const at = '2026-01-01T00:01:00Z';
    assert.equal((await found(admin, `?since=${at}&msgid=fetch`)).length, 4);
    assert.equal((await found(admin, `?until=${at}&msgid=fetch`)).length, 0);
    assert.equal((await found(admin, `?until=${at}&msgid=update`)).length, 2);
    assert.equal((await found(admin, `?since=2025-12-31&until=${at}&msgid=update`)).length, 2);
    assert.equal((await found(admin, '?since=9999-12-31T23:59:59-23:00')).length, 0);
    const all = await messages(admin, '?msgid=fetch');
    assert.deepEqual(await messages(admin, '?msgid=fetch&limit=2'), all.slice(0, 2));
    assert.deepEqual(await messages(admin, '?msgid=fetch&limit=2&offset=1'), all.slice(1, 3));
    assert.deepEqual(await messages(admin, '?msgid=fetch&offset=3'), all.slice(3));
    assert.equal((await found(admin, '')).length, 50);
  });

  it('shows a role nothing of what it must not see', async () => {
    assert.deepEqual(await messages(bob, '?msgid=fetch'), [
      'demo:user:alice fetched demo:variable:app/one',
      'demo:user:bob fetched demo:variable:app/one',
    ]);
    assert.deepEqual(await messages(eve, '?msgid=fetch'), []);
    assert.deepEqual(await messages(eve, '?resource=demo:variable:app%2Fone'), []);
    assert.deepEqual(await messages(bob, '?resource=demo:variable:app%2Ftwo'), []);
    const ofEve = await found(eve, '');
    assert.ok(ofEve.length > 0);
    for (const { sdata, message } of ofEve) {
      const ids = Object.values(sdata['subject@43868'] ?? {}).filter((value) => value.startsWith('demo:'));
      assert.ok(
        ids.every((id) => id === 'demo:user:eve'),
        message,
      );
    }
    const offsets = await messages(bob, '?msgid=fetch&limit=1&offset=1');
    assert.deepEqual(
      offsets,
      ['demo:user:bob fetched demo:variable:app/one'],
      'what is hidden is not counted',
    );
  });

  it('shows a role what is about roles that it sees, and what it did itself', async () => {
    const logins = await messages(alice, '?role=demo:user:eve&msgid=authn');
    assert.deepEqual(logins, ['demo:user:eve successfully authenticated with authenticator authn']);
    assert.deepEqual(await messages(bob, '?role=demo:user:eve&msgid=authn'), []);
    assert.ok((await messages(alice, '?role=demo:user:alice&msgid=authn')).length > 0);
    assert.equal((await bob('GET /resources/demo?search=none')).statusCode, 200);
    assert.equal((await messages(bob, '?msgid=list')).length, 1);
    assert.equal((await messages(alice, '?msgid=list')).length, 0);
  });

  it('shows the admin of one account nothing of another', async () => {
    assert.ok((await messages(admin, '?msgid=authn')).length > 0);
    await server.store.audit.append(
      [
        {
          facility: 10,
          severity: 6,
          timestamp: '2026-01-01T00:00:00.000Z',
          appname: 'conjur',
          procid: '1',
          msgid: 'authn',
          sdata: {
            'auth@43868': { user: 'other:user:admin' },
            'subject@43868': { role: 'other:user:admin' },
          },
          message: 'other',
        },
      ],
      'local',
    );
    assert.deepEqual((await messages(admin, '?role=other:user:admin')).length, 0);
  });

  it('refuses what it cannot understand', async () => {
    for (const query of [
      'limit=-1',
      'limit=x',
      'limit=51',
      'limit=',
      'offset=-1',
      'since=garbage',
      'until=2026-02-30',
      'since=',
      'severity=x',
      'msgid=',
      'nonsense=1',
      'a/b/c=1',
      '/b=1',
      'action@43868/operation=',
    ]) {
      const answer = await admin(`GET /audit?${query}`);
      assert.equal(answer.statusCode, 422, `${query}: ${answer.body}`);
    }
    assert.match((await admin('GET /audit?nonsense=1')).body, /'nonsense' is no filter/);
    assert.equal((await server.app.inject({ method: 'GET', url: '/audit' })).statusCode, 401);
    assert.equal((await server.app.inject({ method: 'GET', url: '/holdfast/audit/export' })).statusCode, 401);
    assert.equal((await admin('GET /holdfast/audit/chains')).statusCode, 401);
  });

  it('leaves a record of who has read', async () => {
    await found(eve, '?resource=demo:variable:app%2Ftwo');
    const [record] = await found(admin, '?msgid=audit&role=demo:user:eve&limit=1');
    assert.equal(
      record?.message,
      'demo:user:eve read the audit trail with parameters: {:resource=>"demo:variable:app/two"}',
    );
  });

  it('is passed on to the master by a follower, which otherwise answers with its own records', async () => {
    const passed: string[] = [];
    const follower = await startTestServer({
      passOn: async (request, reply) => {
        passed.push(request.url);
        void reply.code(200).send('[]');
        return 'answered';
      },
    });
    try {
      const ask = await askerFor(follower, 'admin', follower.adminApiKey.reveal());
      const master = [{ host: '127.0.0.1', port: 1 }];
      follower.become({ role: 'follower', master });
      const answer = await ask('GET /audit?limit=1');
      assert.deepEqual([answer.statusCode, passed], [200, ['/audit?limit=1']]);
    } finally {
      await follower.stop();
    }
    const own = await startTestServer({ settings: { followerWrites: 'refuse' } });
    try {
      const ask = await askerFor(own, 'admin', own.adminApiKey.reveal());
      own.become({ role: 'follower' });
      assert.equal((await ask('GET /audit?limit=1')).statusCode, 200);
    } finally {
      await own.stop();
    }
  });
});
