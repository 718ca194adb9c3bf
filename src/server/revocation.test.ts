import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Ask, askerFor } from './testing/asker.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const policy = `
- !user alice
- !group outer
- !group inner
- !policy vault
- !variable v
- !grant { role: !group inner, member: !group outer }
- !permit { role: !group inner, privileges: [ read, execute ], resource: !variable v }
`;
const readers: readonly Parameters<Ask>[0][] = [
  'GET /secrets/demo/variable/v',
  'GET /secrets/demo/variable/v',
  'HEAD /secrets/demo/variable/v',
  'GET /secrets?variable_ids=demo:variable:v',
  'GET /secrets?variable_ids=demo:variable:v,demo:variable:mine',
  'GET /resources/demo/variable/v?check&privilege=execute',
];
/** Requests that each reader makes at least before, and after, the revocation was answered. */
const rounds = 12;

/** A way to give alice `execute` on the variable, and to take it. */
interface Right {
  readonly name: string;
  readonly give: () => Promise<number>;
  readonly take: () => Promise<number>;
}

describe('a right that was taken', { timeout: 120_000 }, () => {
  let server: TestServer;
  let admin: Ask;
  let alice: Ask;

  before(async () => {
    server = await startTestServer();
    const keys = await server.load(policy);
    admin = await askerFor(server, 'admin', server.adminApiKey.reveal());
    alice = await askerFor(server, 'alice', keys.get('demo:user:alice'));
    await server.load('- !variable { id: mine, owner: !user alice }');
    for (const id of ['v', 'mine']) await admin(`POST /secrets/demo/variable/${id}`, 'value');
  });
  after(() => server.stop());

  const ask = async (request: Parameters<Ask>[0], payload?: string): Promise<number> =>
    (await admin(request, payload)).statusCode;
  const patch = (text: string, branch = 'root'): Promise<number> =>
    ask(`PATCH /policies/demo/policy/${branch}`, text);
  const member = 'roles/demo/group/outer?members&member=demo:user:alice';

  const rights: readonly Right[] = [
    {
      name: 'a membership, by DELETE',
      give: () => ask(`POST /${member}`),
      take: () => ask(`DELETE /${member}`),
    },
    {
      name: 'a membership, by policy',
      give: () => patch('- !grant { role: !group outer, member: !user alice }'),
      take: () => patch('- !revoke { role: !group outer, member: !user alice }'),
    },
    {
      name: 'a membership two steps away',
      give: () => patch('- !grant { role: !group outer, member: !user alice }'),
      take: () => patch('- !revoke { role: !group inner, member: !group outer }'),
    },
    {
      name: 'a membership of another policy, by replacing that policy',
      give: async () => {
        await patch('- !revoke { role: !group outer, member: !user alice }');
        await patch('- !group local\n- !grant { role: !group local, member: !user /alice }', 'vault');
        return patch('- !grant { role: !group inner, member: !group vault/local }');
      },
      take: () => ask('PUT /policies/demo/policy/vault', '- !group local'),
    },
    {
      name: 'a group, by deleting it',
      give: () =>
        patch(`
- !group between
- !grant { role: !group inner, member: !group between }
- !grant { role: !group between, member: !user alice }`),
      take: () => patch('- !delete { record: !group between }'),
    },
    {
      name: 'a permission, by deny',
      give: () => patch('- !permit { role: !user alice, privileges: [ execute ], resource: !variable v }'),
      take: () => patch('- !deny { role: !user alice, privileges: [ execute ], resource: !variable v }'),
    },
    {
      name: 'ownership, by handing it on',
      give: () => patch('- !variable { id: v, owner: !user alice }'),
      take: () => patch('- !variable { id: v, owner: !user admin }'),
    },
    {
      name: 'ownership of an owner',
      give: () =>
        patch(
          '- !group owners\n- !grant { role: !group owners, member: !user alice }\n- !variable { id: v, owner: !group owners }',
        ),
      take: () => ask('DELETE /roles/demo/group/owners?members&member=demo:user:alice'),
    },
    {
      name: 'the role itself',
      give: () =>
        patch(
          '- !variable { id: v, owner: !user admin }\n- !permit { role: !user alice, privilege: execute, resource: !variable v }',
        ),
      take: () => patch('- !delete { record: !user alice }'),
    },
  ];

  for (const { name, give, take } of rights) {
    it(`is never used after the answer: ${name}`, async () => {
      assert.ok([201, 204].includes(await give()));
      const seen = { before: 0, after: 0, wrong: [] as string[] };
      let taken = false;
      const read = async (request: Parameters<Ask>[0]): Promise<void> => {
        for (let late = 0; late < rounds; ) {
          const begunAfter = taken;
          const { statusCode } = await alice(request);
          if (begunAfter) late += 1;
          if (begunAfter && statusCode < 300) seen.wrong.push(request);
          if (!begunAfter && statusCode < 300) seen.before += 1;
          if (begunAfter) seen.after += 1;
        }
      };
      const reading = Promise.all(readers.map(read));
      while (seen.before < rounds * readers.length) await turn();
      assert.ok([201, 204].includes(await take()));
      taken = true;
      await reading;
      assert.deepEqual(seen.wrong, []);
      assert.equal(seen.after, rounds * readers.length);
    });
  }
});
