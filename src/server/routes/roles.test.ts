import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Ask, askerFor, auditTrail } from '../testing/asker.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

const policy = `
- !user alice
- !user bob
- !user charlotte
- !user alicia
- !group internal
- !layer applications
- !group shipping
- !grant { role: !group internal, member: !layer applications }
- !grant { role: !layer applications, member: !group shipping }
- !grant { role: !group shipping, member: !user alice }
- !policy
  id: dev
  body:
    - !group developers
- !grant { role: !group dev/developers, members: [ !user alice, !user bob, !user charlotte, !user alicia ] }
- !grant { role: !group dev/developers, member: !group shipping }
- !permit { role: !user alice, privileges: [ create, update ], resource: !policy root }
- !permit { role: !user charlotte, privilege: read, resource: !group dev/developers }
- !permit { role: !user charlotte, privilege: read, resource: !group internal }
`;

describe('roles on a real database', { timeout: 60_000 }, () => {
  let server: TestServer;
  let admin: Ask;
  let alice: Ask;
  let bob: Ask;
  let charlotte: Ask;

  before(async () => {
    server = await startTestServer();
    const keys = await server.load(policy);
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
    alice = await askerFor(server, 'alice', keys.get('demo:user:alice'));
    bob = await askerFor(server, 'bob', keys.get('demo:user:bob'));
    charlotte = await askerFor(server, 'charlotte', keys.get('demo:user:charlotte'));
  });
  after(() => server.stop());

  const members = async (query = ''): Promise<string[]> => {
    const answer = await admin(`GET /roles/demo/group/dev%2Fdevelopers?members${query}`);
    return answer.json<{ member: string }[]>().map(({ member }) => member.replace('demo:', ''));
  };
  const edges = async (ask: Ask, role: string): Promise<string[]> => {
    const answer = await ask(`GET /roles/demo/${role}?graph`);
    assert.equal(answer.statusCode, 200, answer.body);
    return answer
      .json<{ parent: string; child: string }[]>()
      .map(({ parent, child }) => `${parent} ${child}`.replaceAll('demo:', ''));
  };

  it('draws the graph of a role: what it has, what has it, and the members of all that', async () => {
    await server.load('- !group apart');
    assert.deepEqual(await edges(admin, 'group/internal'), [
      'group:internal layer:applications',
      'group:internal user:admin',
      'group:shipping user:admin',
      'group:shipping user:alice',
      'layer:applications group:shipping',
      'layer:applications user:admin',
      'user:alice user:admin',
    ]);
    const around = await edges(admin, 'group/shipping');
    assert.ok(around.includes('group:dev/developers user:bob') && !around.includes('group:apart user:admin'));
  });

  it('draws only memberships in roles whose resource the caller sees', async () => {
    assert.deepEqual(await edges(charlotte, 'group/internal'), [
      'group:internal layer:applications',
      'group:internal user:admin',
    ]);
    assert.equal((await bob('GET /roles/demo/group/internal?graph')).statusCode, 404);
  });

  it('takes the first verb of graph, all, memberships and members, whatever its value', async () => {
    const first = await admin('GET /roles/demo/user/alice?members=1&all=no');
    assert.ok(first.json<string[]>().includes('demo:group:internal'));
    const head = await admin('HEAD /roles/demo/user/alice?graph');
    assert.equal(head.statusCode, 200);
  });

  it('lists members by kind, by words and by pages, and counts them', async () => {
    assert.deepEqual(await members('&kind[]=group&kind[]=policy'), ['group:shipping', 'policy:dev']);
    assert.deepEqual(await members('&kind=group'), ['group:shipping']);
    assert.deepEqual(await members('&search=alice'), ['user:alice']);
    assert.deepEqual(await members('&search=nobody'), []);
    assert.deepEqual(await members('&limit=2'), ['group:shipping', 'policy:dev']);
    assert.deepEqual(await members('&limit=2&offset=2'), ['user:alice', 'user:alicia']);
    assert.deepEqual(await members('&offset=5'), ['user:charlotte']);
    const counted = await admin('GET /roles/demo/group/dev%2Fdevelopers?members&count&limit=3');
    assert.deepEqual(counted.json(), { count: 6 });
    assert.equal((await admin('GET /roles/demo/group/dev%2Fdevelopers?members&limit=x')).statusCode, 422);
  });

  it('narrows all roles and memberships to a filter of ids, full or without the account', async () => {
    const all = await admin(
      'GET /roles/demo/user/alice?all&filter[]=demo:group:internal&filter[]=group:shipping&filter[]=group:none',
    );
    assert.deepEqual(all.json(), ['demo:group:internal', 'demo:group:shipping']);
    assert.deepEqual((await admin('GET /roles/demo/user/alice?all&count&filter=group:none')).json(), {
      count: 0,
    });
    const direct = await admin('GET /roles/demo/user/alice?memberships&filter=group:shipping');
    assert.deepEqual(direct.json(), [
      {
        admin_option: false,
        ownership: false,
        role: 'demo:group:shipping',
        member: 'demo:user:alice',
        policy: 'demo:policy:root',
      },
    ]);
    const searched = await admin('GET /roles/demo/user/alice?memberships&search=developers&kind=group');
    assert.equal(searched.json<unknown[]>().length, 1);
    const bad = await admin('GET /roles/demo/user/alice?all&filter=internal');
    assert.equal(bad.statusCode, 422);
    assert.match(bad.body, /Expected at least 2 tokens in internal/);
  });

  it('grants a role once, by no policy, and takes it back', async () => {
    const url = '/roles/demo/group/dev%2Fdevelopers?members&member=demo:group:internal' as const;
    for (let time = 1; time <= 2; time += 1) {
      const added = await alice(`POST ${url}`);
      assert.deepEqual([added.statusCode, added.body], [204, '']);
    }
    const role = (await admin('GET /roles/demo/group/dev%2Fdevelopers')).json<{
      members: { member: string }[];
    }>();
    assert.deepEqual(
      role.members.find(({ member }) => member === 'demo:group:internal'),
      {
        admin_option: false,
        ownership: false,
        role: 'demo:group:dev/developers',
        member: 'demo:group:internal',
      },
    );
    assert.equal((await alice(`DELETE ${url}`)).statusCode, 204);
    assert.ok(!(await members()).includes('group:internal'));
    const again = await alice(`DELETE ${url}`);
    assert.equal(again.statusCode, 404);
    assert.equal(again.json<{ error: { code: string } }>().error.code, 'not_found');
    const trail = (await auditTrail(server)).filter(({ message }) =>
      /membership of demo:group:internal/.test(message),
    );
    assert.deepEqual(
      trail.map(({ severity, msgid, message }) => [severity, msgid, message]),
      [
        [5, 'policy', 'demo:user:alice added membership of demo:group:internal in demo:group:dev/developers'],
        [
          5,
          'policy',
          'demo:user:alice removed membership of demo:group:internal in demo:group:dev/developers',
        ],
        [
          5,
          'policy',
          'demo:user:alice failed to remove membership of demo:group:internal in demo:group:dev/developers: ' +
            "Group 'internal' not found in account 'demo'",
        ],
      ],
    );
  });

  it('takes grants of policies back too, and the membership of an owner last', async () => {
    await server.load('- !group owned\n- !grant { role: !group owned, member: !user admin }');
    const remove = async (): Promise<number> =>
      (await admin('DELETE /roles/demo/group/owned?members&member=demo:user:admin')).statusCode;
    assert.deepEqual([await remove(), await remove(), await remove()], [204, 204, 404]);
  });

  it('says 404 to who must not see the role, 403 to who has no privilege on its policy', async () => {
    const change = async (ask: Ask, role = 'group/dev%2Fdevelopers', member = 'demo:user:admin') => [
      (await ask(`POST /roles/demo/${role}?members&member=${member}`)).statusCode,
      (await ask(`DELETE /roles/demo/${role}?members&member=${member}`)).statusCode,
    ];
    assert.deepEqual(await change(bob, 'group/internal'), [404, 404]);
    assert.deepEqual(await change(charlotte), [403, 403]);
    assert.deepEqual(await change(admin, 'group/none'), [404, 404]);
    assert.deepEqual(await change(admin, 'user/admin'), [403, 403], 'a role of no policy');
    assert.deepEqual(await change(admin, 'group/internal', 'demo:user:nobody'), [404, 404]);
    assert.deepEqual(await change(admin, 'group/internal', 'nobody'), [422, 422]);
    assert.deepEqual(await change(admin, 'group/internal', ''), [422, 422]);
    assert.deepEqual(await change(admin, 'team/x'), [404, 404], 'no kind of role');
    assert.equal((await admin('POST /roles/demo/group/internal?member=demo:user:bob')).statusCode, 404);
  });

  it('records questions about members and memberships in the words of Conjur', async () => {
    await admin('GET /roles/demo/user/bob?memberships&search=dev&count=true');
    await bob('GET /roles/demo/group/internal?members&limit=1');
    const trail = await auditTrail(server);
    const last = trail.slice(-2).map(({ severity, msgid, message }) => [severity, msgid, message]);
    assert.deepEqual(last, [
      [
        6,
        'membership',
        'demo:user:admin successfully listed memberships with parameters: ' +
          '{:account=>"demo", :count=>"true", :search=>"dev", :kind=>"user", :role=>"demo:user:bob"}',
      ],
      [
        4,
        'members',
        'demo:user:bob failed to list members with parameters: ' +
          '{:account=>"demo", :kind=>"group", :limit=>"1", :role=>"demo:group:internal"}: ' +
          "Group 'internal' not found in account 'demo'",
      ],
    ]);
  });
});
