import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

type Method = 'POST' | 'PATCH' | 'PUT';
type Answer = Awaited<ReturnType<TestServer['asAdmin']>>;

interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details?: unknown;
    readonly innererror?: unknown;
  };
}

interface DryRun {
  readonly status: string;
  readonly created: { readonly items: readonly Item[] };
  readonly updated: {
    readonly before: { readonly items: readonly Item[] };
    readonly after: { readonly items: readonly Item[] };
  };
  readonly deleted: { readonly items: readonly Item[] };
  readonly errors: readonly Readonly<Record<string, unknown>>[];
}
type Item = Readonly<Record<string, unknown>>;

let server: TestServer;
before(async () => {
  server = await startTestServer({ loader: { heapMb: 96, waitMs: 1500 } });
});
after(() => server.stop());

const load = (method: Method, policy: string, payload: string | Buffer): Promise<Answer> =>
  server.asAdmin({ method, url: `/policies/demo/policy/${policy}`, payload });
const exists = async (id: string): Promise<boolean> =>
  (await server.asAdmin({ url: `/resources/demo/${id}` })).statusCode === 200;

describe('a load', () => {
  it('is versioned, keeps the last twenty texts, and outlives the role that loaded it', async () => {
    const keys = await server.load(`
- !user loader
- !policy {id: kept, owner: !user loader}`);
    const authorization = await server.tokenFor('loader', keys.get('demo:user:loader') ?? '');
    const headers = { authorization };
    for (let round = 1; round <= 22; round += 1) {
      const payload = `- !variable v${round}`;
      const answer = await server.app.inject({
        method: 'POST',
        url: '/policies/demo/policy/kept',
        payload,
        headers,
      });
      assert.equal(answer.statusCode, 201, answer.body);
      assert.equal(answer.json<{ version: number }>().version, round);
    }
    await load('PATCH', 'root', '- !policy {id: kept, owner: !user admin}\n- !delete {record: !user loader}');
    const shown = await server.asAdmin({ url: '/resources/demo/policy/kept' });
    const { policy_versions: versions } = shown.json<{
      policy_versions: readonly { version: number; role: string; policy_text: string }[];
    }>();
    assert.equal(versions.length, 20);
    assert.deepEqual(
      [versions[19]?.version, versions[19]?.role, versions[19]?.policy_text, versions[0]?.version],
      [22, 'demo:user:loader', '- !variable v22', 3],
    );
  });

  it('gives each new user and host a key of its own, with which it can authenticate', async () => {
    const hosts = Array.from(
      { length: 60 },
      (_, i) => `- !host {id: fleet-${i}, restricted_to: [127.0.0.0/8]}`,
    );
    const keys = await server.load(hosts.join('\n'));
    assert.equal(new Set(keys.values()).size, 60);
    await server.tokenFor('host/fleet-59', keys.get('demo:host:fleet-59') ?? '');
  });

  it('replaces without touching what another account has', async () => {
    const rows = server.postgres.inDatabase(server.addresses.data, async (sql) => {
      await sql`insert into roles (role_id) values ('other:user:admin'), ('other:policy:root')`;
      await sql`insert into resources (resource_id, owner_id) values ('other:policy:root', 'other:user:admin')`;
      await sql`insert into resources (resource_id, owner_id, policy_id)
        values ('other:variable:guarded/x', 'other:user:admin', 'other:policy:root')`;
    });
    await rows;
    await server.load('- !policy {id: guarded, body: [!variable a]}');
    assert.equal((await load('PUT', 'guarded', '- !variable b')).statusCode, 201);
    const [left] = await server.postgres.inDatabase(
      server.addresses.data,
      (sql) =>
        sql<{ count: number }[]>`select count(*)::int from resources where account(resource_id) = 'other'`,
    );
    assert.equal(left?.count, 2);
  });

  it('writes a record for each row, under the version that it makes', async () => {
    await load('POST', 'root', '- !policy {id: told, body: [!group g, !variable v]}');
    await load(
      'PUT',
      'told',
      '- !group g\n- !permit {role: !group g, privilege: read, resource: !variable w}\n- !variable w',
    );
    const records = await server.postgres.inDatabase(
      server.addresses.audit,
      (sql) => sql<{ message: string; version: string }[]>`
        select message, sdata -> 'policy@43868' ->> 'version' as version from messages
        where sdata -> 'policy@43868' ->> 'id' = 'demo:policy:told' order by id`,
    );
    assert.deepEqual(records.slice(-2), [
      { message: 'demo:user:admin added resource demo:variable:told/w', version: '1' },
      {
        message: 'demo:user:admin added permission of demo:group:told/g to read on demo:variable:told/w',
        version: '1',
      },
    ]);
  });

  it('is found by the words of its annotations, as they are now', async () => {
    const found = async (word: string): Promise<number> => {
      const answer = await server.asAdmin({ url: `/resources/demo/variable?search=${word}&count=true` });
      return answer.json<{ count: number }>().count;
    };
    const long = Array.from({ length: 200_000 }, (_, i) => `word${i}`).join(' ');
    await server.load(`
- !policy
  id: zoo
  body:
  - !variable {id: v, annotations: {description: zebra crossing}}
  - !variable {id: w, annotations: {description: ${long}}}`);
    assert.deepEqual([await found('zebra'), await found('word7')], [1, 1]);
    await load(
      'PATCH',
      'root',
      '- !policy {id: zoo, body: [!variable {id: v, annotations: {description: okapi}}]}',
    );
    assert.deepEqual([await found('zebra'), await found('okapi')], [0, 1]);
    await load('POST', 'zoo', '- !variable {id: x, annotations: {description: gnu}}');
    await load('PUT', 'zoo', '- !variable x');
    assert.deepEqual([await found('gnu'), await found('zoo')], [0, 3]);
  });

  it('waits for the one before it, and is told when to come back where that takes too long', async () => {
    const held = Promise.withResolvers<void>();
    const holding = server.store.writes.transaction(async (sql) => {
      await sql`select pg_advisory_xact_lock(43868, hashtext('demo'))`;
      await held.promise;
    });
    const [first, second] = [load('POST', 'root', '- !group one'), load('POST', 'root', '- !group two')];
    const busy = await second;
    assert.equal(busy.statusCode, 409, busy.body);
    assert.equal(busy.json<ErrorBody>().error.code, 'policy_conflict');
    const seconds = Number(busy.headers['retry-after']);
    assert.ok(seconds >= 1 && seconds <= 8, String(busy.headers['retry-after']));
    held.resolve();
    await holding;
    assert.equal((await first).statusCode, 201);
    const both = await Promise.all([
      load('POST', 'root', '- !group two'),
      load('POST', 'root', '- !group three'),
    ]);
    assert.deepEqual(
      both.map(({ statusCode }) => statusCode),
      [201, 201],
    );
  });

  it('is a conflict where somebody else makes the same rows meanwhile', async () => {
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const other = server.store.writes.transaction(async (sql) => {
      await sql`insert into roles (role_id) values ('demo:group:rival')`;
      begun.resolve();
      await held.promise;
    });
    await begun.promise;
    const loading = load('POST', 'root', '- !group rival');
    const waits = async (): Promise<boolean> => {
      const rows = await server.postgres.superuser`
        select from pg_stat_activity where wait_event_type = 'Lock' and query like '%into roles%'`;
      return rows.length > 0;
    };
    while (!(await waits())); // PostgreSQL says nowhere else that one waits for another
    held.resolve();
    await other;
    const answer = await loading;
    assert.equal(answer.statusCode, 409, answer.body);
  });
});

describe('a text that cannot be loaded', () => {
  it('is refused with its place, whatever is wrong with it', async () => {
    for (const [text, status, message] of [
      [
        Buffer.from('- !user a\n- !user b\xff\n', 'latin1'),
        422,
        /^Error at line 2, column 10 in policy : The text is not UTF-8/,
      ],
      ['- !user "a\\0"', 422, /^Error at line 1, column 3 in policy : .*NUL/],
      [`- !group ${'g'.repeat(4096)}`, 422, /longer than 1000 bytes$/],
      [
        '- !policy\n  id: p\n  owner: !policy p/q\n  body:\n  - !policy {id: q, owner: !policy /p}',
        422,
        /^Dependency cycle/,
      ],
      [
        `${'['.repeat(300)}${']'.repeat(300)}`,
        422,
        /^Error at line 1, column 2\d\d in policy : .* nested more than 200 deep/,
      ],
      ['- &a [!user a]\n- *b', 422, /^Error at line 2, column 3 in policy : Unknown anchor/],
      ['- !user a\n- !usr b', 422, /^Error at line 2, column 3 in policy : Unrecognized data type '!usr'$/],
    ] as const) {
      const answer = await load('POST', 'root', text);
      assert.equal(answer.statusCode, status, answer.body);
      const { error } = answer.json<ErrorBody>();
      assert.equal(error.code, 'policy_invalid');
      assert.match(error.message, message);
      assert.ok(error.innererror !== undefined, answer.body);
    }
  });

  it('is told of in the words that Conjur has for it', async () => {
    const missing = await load(
      'POST',
      'root',
      '- !variable password\n- !permit {role: !user bob, privilege: execute, resource: !variable password}',
    );
    assert.equal(missing.statusCode, 422);
    assert.equal(missing.json<ErrorBody>().error.message, "User 'bob' not found in account 'demo'");
    const details = (message: string): unknown => [
      { code: 'validation_failed', target: 'policy_text', message },
    ];
    const empty = (await load('POST', 'root', ' \n')).json<ErrorBody>().error;
    assert.equal(empty.message, 'policy_text is not present');
    assert.deepEqual(empty.details, details('is not present'));
    const deletes = (await load('POST', 'root', '- !delete {record: !user x}')).json<ErrorBody>().error;
    assert.equal(deletes.message, 'policy_text may not contain deletion statements');
    assert.deepEqual(deletes.details, details('may not contain deletion statements'));
  });

  it('ends its thread and not the server when it takes too much memory', async () => {
    const bomb = `- !user "\\u0061"\n${'- - - - - !user x\n'.repeat(500_000)}`;
    const answer = await load('POST', 'root', bomb);
    assert.equal(answer.statusCode, 413, answer.body);
    assert.match(answer.json<ErrorBody>().error.message, /nothing was written/);
    assert.equal((await load('POST', 'root', '- !group after-the-bomb')).statusCode, 201);
  });

  it('costs nothing where the caller may not load it', async () => {
    const keys = await server.load('- !user stranger');
    const authorization = await server.tokenFor('stranger', keys.get('demo:user:stranger') ?? '');
    const url = '/policies/demo/policy/root';
    const answer = await server.app.inject({
      method: 'PUT',
      url,
      payload: '- nonsense',
      headers: { authorization },
    });
    assert.equal(answer.statusCode, 404, answer.body);
  });
});

describe('a dry run', () => {
  const asUser = async (login: string, key: string, method: Method, payload: string): Promise<Answer> => {
    const authorization = await server.tokenFor(login, key);
    const url = '/policies/demo/policy/dev/db?dryRun=TRUE';
    return server.app.inject({ method, url, payload, headers: { authorization } });
  };

  // cyberark/conjur, cucumber/api/features/policy_dry_run.feature
  it('tells what would be created, changed and deleted, with all fields, and changes nothing', async () => {
    await server.load(`
- !user avogadro
- !policy {id: dev, owner: !user avogadro, body: [!policy db]}`);
    await server.load(
      `
- !variable a
- !user {id: known, annotations: {description: as it was}}
- !variable {id: leaves, annotations: {description: for now}}`,
      'dev/db',
    );
    const answer = await load(
      'PATCH',
      'dev/db?dryRun=true',
      `
- !user {id: known, annotations: {description: as it will be}}
- !group fresh
- !grant {role: !group fresh, member: !user known}
- !variable new
- !permit {role: !group fresh, privileges: [read, execute], resource: !variable new}
- !delete {record: !variable leaves}`,
    );
    assert.equal(answer.statusCode, 200, answer.body);
    const db = 'demo:policy:dev/db';
    const known = { owner: db, policy: db, permissions: {}, members: [db], restricted_to: [] };
    const user = { identifier: 'demo:user:known@dev-db', id: 'known@dev-db', type: 'user' };
    const policy = {
      ...{
        identifier: db,
        id: 'dev/db',
        type: 'policy',
        owner: 'demo:policy:dev',
        policy: 'demo:policy:root',
      },
      ...{ permissions: {}, annotations: {}, members: ['demo:policy:dev'], restricted_to: [] },
    };
    const variable = 'demo:variable:dev/db/new';
    assert.deepEqual(answer.json(), {
      status: 'Valid YAML',
      created: {
        items: [
          {
            ...{
              identifier: 'demo:group:dev/db/fresh',
              id: 'dev/db/fresh',
              type: 'group',
              owner: db,
              policy: db,
            },
            ...{ permissions: { execute: [variable], read: [variable] }, annotations: {} },
            ...{ members: [db, 'demo:user:known@dev-db'], memberships: [], restricted_to: [] },
          },
          {
            ...{ identifier: variable, id: 'dev/db/new', type: 'variable', owner: db, policy: db },
            permitted: { execute: ['demo:group:dev/db/fresh'], read: ['demo:group:dev/db/fresh'] },
            annotations: {},
          },
        ],
      },
      updated: {
        before: {
          items: [
            { ...policy, memberships: ['demo:user:known@dev-db'] },
            { ...user, ...known, annotations: { description: 'as it was' }, memberships: [] },
          ],
        },
        after: {
          items: [
            { ...policy, memberships: ['demo:user:known@dev-db', 'demo:group:dev/db/fresh'] },
            {
              ...{ ...user, ...known, annotations: { description: 'as it will be' } },
              memberships: ['demo:group:dev/db/fresh'],
            },
          ],
        },
      },
      deleted: {
        items: [
          {
            ...{ identifier: 'demo:variable:dev/db/leaves', id: 'dev/db/leaves', type: 'variable' },
            ...{ owner: db, policy: db, permitted: {}, annotations: { description: 'for now' } },
          },
        ],
      },
    });
    assert.ok(!(await exists('group/dev%2Fdb%2Ffresh')));
    assert.ok(await exists('variable/dev%2Fdb%2Fleaves'));
  });

  it('names whom a deletion cuts off', async () => {
    await server.load('- !group club\n- !user member\n- !grant {role: !group club, member: !user member}');
    const answer = await load('PATCH', 'root?dryRun=true', '- !delete {record: !group club}');
    const { updated, deleted } = answer.json<DryRun>();
    assert.deepEqual(
      deleted.items.map((item) => item['identifier']),
      ['demo:group:club'],
    );
    const member = updated.before.items.find((item) => item['id'] === 'member');
    assert.deepEqual(member?.['memberships'], ['demo:group:club']);
    assert.deepEqual(updated.after.items.find((item) => item['id'] === 'member')?.['memberships'], []);
  });

  it('masks what the caller cannot see', async () => {
    const keys = await server.load(`
- !user tenant
- !group hidden
- !policy {id: tenants, owner: !group hidden, body: [!variable mine, !variable theirs]}
- !permit {role: !user tenant, privilege: [read, create], resource: !policy tenants}`);
    const authorization = await server.tokenFor('tenant', keys.get('demo:user:tenant') ?? '');
    const answer = await server.app.inject({
      method: 'POST',
      url: '/policies/demo/policy/tenants?dryRun=true',
      payload:
        '- !group new\n- !variable own\n- !grant {role: !group new, member: !user /tenant}\n- !permit {role: !group new, privilege: read, resource: !variable own}',
      headers: { authorization },
    });
    assert.equal(answer.statusCode, 200, answer.body);
    const { created, updated } = answer.json<DryRun>();
    assert.deepEqual(created.items, [
      { identifier: 'demo:group:[REDACTED]', type: 'group' },
      {
        ...{ identifier: 'demo:variable:tenants/own', id: 'tenants/own', type: 'variable' },
        ...{ owner: 'demo:policy:tenants', policy: 'demo:policy:tenants' },
        ...{ permitted: { read: ['demo:group:[REDACTED]'] }, annotations: {} },
      },
    ]);
    assert.ok(!answer.body.includes('hidden'), answer.body);
    assert.equal(updated.before.items.length, 2);
  });

  it('explains a text that cannot be loaded', async () => {
    for (const [text, line, column, message] of [
      [
        ' - !!str, xxx\n',
        1,
        9,
        'did not find expected whitespace or line break while scanning a tag\nOnly one node can be defined per line.',
      ],
      [
        '- !group g\n- !group g',
        2,
        3,
        "group 'dev/db/g' is declared more than once\nLeave one of the declarations out.",
      ],
    ] as const) {
      const answer = await load('POST', 'dev/db?dryRun=true', text);
      assert.equal(answer.statusCode, 422, answer.body);
      const { status, errors } = answer.json<DryRun>();
      assert.equal(status, 'Invalid YAML');
      const context = { policy_id: 'dev/db', offending_lines: [line] };
      assert.deepEqual(errors, [{ line, column, message, context }]);
    }
  });

  it('is refused to whom a load would be', async () => {
    const keys = await server.load('- !user guest');
    const answer = await asUser('guest', keys.get('demo:user:guest') ?? '', 'POST', '- !user x');
    assert.equal(answer.statusCode, 404);
  });
});
