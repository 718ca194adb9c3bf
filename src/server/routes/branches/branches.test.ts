import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { v2MediaType } from '../../http/media-types.ts';
import { startTestServer, type TestServer } from '../../testing/test-server.ts';

/** Sources of the expectations: the features and specs of cyberark/conjur on branches and group memberships. */
const policy = `
- !user alice
- !user bob
- !group admins
- !policy
  id: data
  owner: !group admins
  body:
  - !host myhost
  - !group staff
  - !policy
    id: safe
    body:
    - !user carol
    - !variable inside
    - !policy
      id: hidden
- !policy
  id: locked
  body:
  - !policy hidden
- !permit { role: !user alice, privilege: update, resource: !policy locked }
- !grant { role: !group admins, member: !user admin }
- !policy gap/without-parent
- !permit { role: !user alice, privileges: [ read, create, update ], resource: !policy data/safe }
- !permit { role: !user bob, privileges: [ read ], resource: !policy data/safe }
`;

describe('branches and members of groups', { timeout: 60_000 }, () => {
  let server: TestServer;
  let alice: string;
  let bob: string;

  before(async () => {
    server = await startTestServer();
    const keys = await server.load(policy);
    alice = await server.tokenFor('alice', keys.get('demo:user:alice') ?? '');
    bob = await server.tokenFor('bob', keys.get('demo:user:bob') ?? '');
  });
  after(() => server.stop());

  type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
  const accept = { accept: v2MediaType };
  const ask = (method: Method, url: string, body?: unknown, authorization?: string) => {
    const payload =
      body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
    const request = { method, url, ...payload };
    return authorization === undefined
      ? server.asAdmin({ ...request, headers: accept })
      : server.app.inject({ ...request, headers: { ...accept, authorization } });
  };
  const refused = async (answer: ReturnType<typeof ask>, status: number, message: string): Promise<void> => {
    const { statusCode, headers, body } = await answer;
    assert.equal(statusCode, status, body);
    assert.equal(headers['content-type'], v2MediaType);
    assert.deepEqual(JSON.parse(body), { code: String(status), message });
  };
  const lastMessage = async (): Promise<string> => (await server.auditMessages()).at(-1) ?? '';

  it('makes a branch that a policy load finds its own', async () => {
    const body = { name: 'fresh', branch: '/data', annotations: { b: '2', a: '1' } };
    const answer = await ask('POST', '/branches/demo', body);
    assert.equal(answer.statusCode, 201, answer.body);
    assert.equal(answer.headers['content-type'], v2MediaType);
    const shown = {
      name: 'fresh',
      branch: 'data',
      owner: { kind: 'policy', id: 'data' },
      annotations: { b: '2', a: '1' },
    };
    assert.deepEqual(answer.json(), shown);
    assert.equal(
      await lastMessage(),
      `demo:user:admin successfully created branch /data/fresh with URI path: '/branches/demo' and JSON object: ${JSON.stringify(body)}`,
    );
    assert.deepEqual((await ask('GET', '/branches/demo/data%2Ffresh')).json(), shown);
    await server.load('- !policy { id: fresh, body: [ !variable v ] }', 'data');
    const resource = await server.asAdmin({ url: '/resources/demo/policy/data/fresh' });
    const { policy: of, annotations } = resource.json<{ policy: string; annotations: unknown[] }>();
    assert.equal(of, 'demo:policy:data');
    assert.equal(annotations.length, 2);
  });

  it('gives the owner of a new branch everything in it', async () => {
    const owner = { kind: 'user', id: 'bob' };
    const made = await ask('POST', '/branches/demo', { name: 'bobs', branch: 'data/safe', owner }, alice);
    assert.equal(made.statusCode, 201, made.body);
    const load = await server.app.inject({
      method: 'POST',
      url: '/policies/demo/policy/data/safe/bobs',
      headers: { authorization: bob },
      payload: '- !variable v',
    });
    assert.equal(load.statusCode, 201, load.body);
    await refused(
      ask('GET', '/branches/demo/data/safe/bobs', undefined, alice),
      404,
      missing('data/safe/bobs'),
    );
  });

  it('hides what the caller has no privilege on, whether it is there or not', async () => {
    await refused(
      ask('POST', '/branches/demo', { name: 'x', branch: 'data/safe' }, bob),
      404,
      missing('data/safe'),
    );
    await refused(ask('POST', '/branches/demo', { name: 'x', branch: 'nope' }), 404, missing('nope'));
    await refused(ask('GET', '/branches/demo/data', undefined, bob), 404, missing('data'));
    const owner = { kind: 'user', id: 'alice' };
    await refused(ask('PATCH', '/branches/demo/data/safe', { owner }, bob), 404, missing('data/safe'));
    assert.match(
      await lastMessage(),
      /^demo:user:bob failed to update branch data\/safe with URI path: .*: Branch /,
    );
  });

  it('refuses a name that is taken, an owner that is not there, a parent without a parent', async () => {
    await refused(
      ask('POST', '/branches/demo', { name: 'hidden', branch: 'data/safe' }, alice),
      409,
      'Branch "demo:branch:data/safe/hidden" already exists',
    );
    const owner = { kind: 'group', id: 'none' };
    await refused(
      ask('POST', '/branches/demo', { name: 'x', branch: 'data', owner }),
      404,
      "Group 'none' not found in account 'demo'",
    );
    await refused(ask('GET', '/branches/demo/gap/without-parent'), 404, missing('gap'));
    await refused(
      ask('POST', '/branches/demo', { name: 'x', branch: 'gap/without-parent' }),
      404,
      missing('gap'),
    );
  });

  it('answers 400 to what is no JSON, and 422 to fields and keys that nobody knows', async () => {
    await refused(ask('PATCH', '/branches/demo/data', ''), 400, "Invalid JSON body: unexpected token at ''");
    await refused(
      ask('POST', '/branches/demo', '"kind": "host"'),
      400,
      'Invalid JSON body: unexpected token at \': "host"\'',
    );
    await refused(ask('PATCH', '/branches/demo/data', {}), 400, 'Empty request body');
    await refused(ask('PATCH', '/branches/demo/data', { foo: 1 }), 422, 'Unexpected parameters: foo');
    await refused(ask('GET', '/branches/demo?x=1&limit=2'), 422, 'Unexpected parameters: x');
    for (const body of [
      '[1]',
      '"x"',
      '{"name":"\\u0000"}',
      '{"name":"\\ud800","branch":"/"}',
      '['.repeat(99_999),
    ]) {
      assert.equal((await ask('POST', '/branches/demo', body)).statusCode, 400, body.slice(0, 40));
    }
    const backslash = await ask('POST', '/branches/demo', {
      name: 'x',
      branch: '/',
      annotations: { a: '\\u0000' },
    });
    assert.equal(backslash.statusCode, 201, 'a backslash and letters are no NUL');
  });

  it('asks for the header of version 2, and is silent without a right', async () => {
    const message = `CONJ00194W The api belongs to v2 APIs but it missing the version "${v2MediaType}" in the Accept header`;
    for (const value of ['*/*', 'application/x.secretsmgr.v2+json']) {
      const answer = await server.asAdmin({ url: '/branches/demo', headers: { accept: value } });
      assert.equal(answer.statusCode, 400);
      assert.equal(answer.headers['content-type'], v2MediaType);
      assert.deepEqual(answer.json(), { code: '400', message });
    }
    const anonymous = await server.app.inject({ url: '/branches/demo', headers: accept });
    assert.equal(anonymous.statusCode, 401);
    assert.equal(anonymous.body, '');
  });

  it('changes owner and annotations, and leaves the other annotations', async () => {
    await ask('POST', '/branches/demo', { name: 'moved', branch: 'data', annotations: { a: '1', b: '2' } });
    const body = { owner: { kind: 'user', id: '/alice' }, annotations: { b: '3', c: '4' } };
    const answer = await ask('PATCH', '/branches/demo/data/moved', body);
    assert.deepEqual(answer.json(), {
      name: 'moved',
      branch: 'data',
      owner: { kind: 'user', id: 'alice' },
      annotations: { a: '1', b: '3', c: '4' },
    });
    const members = await server.asAdmin({ url: '/roles/demo/policy/data/moved?members' });
    assert.deepEqual(
      members.json<{ member: string }[]>().map(({ member }) => member),
      ['demo:user:alice'],
    );
    assert.equal((await ask('DELETE', '/branches/demo/data/moved', undefined, alice)).statusCode, 204);
  });

  it('lists what the caller may read, counted before it is paged', async () => {
    type List = {
      readonly branches: readonly { readonly name: string; readonly branch: string }[];
      readonly count: number;
    };
    const mine = (await ask('GET', '/branches/demo', undefined, bob)).json<List>();
    assert.deepEqual(
      mine.branches.map(({ name, branch }) => `${branch} ${name}`),
      ['data safe', 'data/safe bobs'],
    );
    const all = (await ask('GET', '/branches/demo')).json<List>();
    assert.ok(!all.branches.some(({ name }) => ['root', 'without-parent'].includes(name)));
    const page = (await ask('GET', '/branches/demo?offset=1;limit=2')).json<List>();
    assert.deepEqual(page, { branches: all.branches.slice(1, 3), count: all.branches.length });
    await refused(ask('GET', '/branches/demo?limit=-1'), 422, 'Limit must be greater than or equal to 0');
    await refused(ask('GET', '/branches/demo?limit=1001'), 422, 'Limit must be less than or equal to 1000');
    assert.match(
      await lastMessage(),
      /^demo:user:admin failed to list branch root with URI path: '\/branches\/demo': Limit/,
    );
  });

  it('deletes a branch with all that is in it, or nothing', async () => {
    await refused(
      ask('DELETE', '/branches/demo/locked', undefined, alice),
      404,
      "Policy 'locked/hidden' not found in account 'demo'",
    );
    await refused(ask('DELETE', '/branches/demo/root'), 404, 'The root branch cannot be deleted.');
    assert.equal((await ask('DELETE', '/branches/demo')).statusCode, 404);
    const load = await server.asAdmin({
      method: 'POST',
      url: '/policies/demo/policy/root',
      payload:
        '- !policy { id: gone, body: [ !user eve, !variable v, !group g, !policy { id: in, body: [ !host h ] } ] }',
    });
    assert.equal(load.statusCode, 201, load.body);
    assert.equal((await ask('DELETE', '/branches/demo/gone')).statusCode, 204);
    for (const id of [
      'variable/gone/v',
      'group/gone/g',
      'policy/gone/in',
      'host/gone/in/h',
      'user/eve@gone',
    ]) {
      assert.equal((await server.asAdmin({ url: `/resources/demo/${id}` })).statusCode, 404, id);
    }
    assert.equal((await ask('GET', '/branches/demo/locked/hidden')).statusCode, 200);
  });

  it('keeps the root when a role in the branch owns it', async () => {
    const other = await startTestServer();
    try {
      await other.load('- !policy { id: keepers, body: [ !group all ] }\n');
      const send = (method: Method, path: string, body?: unknown) =>
        other.asAdmin({
          method,
          url: `/branches/demo/${path}`,
          headers: accept,
          ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
        });
      await other.load('- !grant { role: !group keepers/all, member: !user admin }');
      const handed = await send('PATCH', 'root', { owner: { kind: 'group', id: 'keepers/all' } });
      assert.equal(handed.statusCode, 200, handed.body);
      assert.equal((await send('DELETE', 'keepers')).statusCode, 422);
      assert.equal((await send('GET', 'root')).statusCode, 200);
    } finally {
      await other.stop();
    }
  });

  it('lets one of many new branches of one name in', async () => {
    const made = await Promise.all(
      Array.from({ length: 6 }, () => ask('POST', '/branches/demo', { name: 'raced', branch: 'data' })),
    );
    const codes = made.map(({ statusCode }) => statusCode).toSorted((a, b) => a - b);
    assert.deepEqual(codes, [201, 409, 409, 409, 409, 409]);
  });

  it('adds a member once, and takes it out again', async () => {
    const add = (body: unknown) => ask('POST', '/groups/demo/data/staff/members', body);
    const added = await add({ kind: 'host', id: '/data/myhost' });
    assert.equal(added.statusCode, 201, added.body);
    assert.equal(added.body, '{"kind":"host","id":"data/myhost"}');
    assert.equal(
      await lastMessage(),
      `demo:user:admin successfully created membership data/staff with URI path: '/groups/demo/data/staff/members' and JSON object: {"kind":"host","id":"/data/myhost"}`,
    );
    await refused(
      add({ kind: 'host', id: 'data/myhost' }),
      409,
      "CONJ00180W '/data/myhost' (kind='host') is already a member of 'demo:group:data/staff'",
    );
    const members = await server.asAdmin({ url: '/roles/demo/group/data/staff?members&kind=host' });
    assert.equal(members.json<{ policy: string }[]>()[0]?.policy, 'demo:policy:root');
    const out = () => ask('DELETE', '/groups/demo/data%2Fstaff/members/host/data/myhost');
    assert.equal((await out()).statusCode, 204);
    await refused(out(), 404, "'/data/myhost' (kind='host') is not a member of 'demo:group:data/staff'");
  });

  it('refuses members and groups that are not there, and the group itself', async () => {
    const host = { kind: 'host', id: 'data/myhost' };
    const to = (group: string, body: unknown, as?: string) =>
      ask('POST', `/groups/demo/${group}/members`, body, as);
    await refused(to('data/none', host), 404, "Group 'data/none' not found in account 'demo'");
    await refused(to('data/staff', host, bob), 404, missing('data'));
    const nobody = "Host 'data/none' not found in account 'demo'";
    await refused(to('data/staff', { ...host, id: 'data/none' }), 422, nobody);
    await refused(ask('DELETE', '/groups/demo/data/staff/members/host/data/none'), 422, nobody);
    await refused(
      to('data/staff', { kind: 'layer', id: 'x' }),
      422,
      "Kind 'layer' is not a valid member kind",
    );
    const itself = await to('data/staff', { kind: 'group', id: 'data/staff' });
    assert.equal(itself.statusCode, 422);
    assert.equal((await ask('POST', '/groups/demo/data/staff', host)).statusCode, 404);
  });
});

function missing(path: string): string {
  return `Branch '${path}' not found in account 'demo'`;
}
