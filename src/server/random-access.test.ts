import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type AccessGraph, closure, may, visible } from '../core/access/may.ts';
import { type FullId, splitFullId } from '../core/ids.ts';
import { seededRandom } from '../core/random.ts';
import { writeSecret } from '../store/secrets.ts';
import { changed, putGraph, randomGraph, type RandomGraph } from '../store/testing/random-graph.ts';
import { type Ask, asker } from './testing/asker.ts';
import { headerOfRole } from './testing/signed-tokens.ts';
import { startTestServer, type TestServer } from './testing/test-server.ts';

const account = 'demo';
const seeds = 4;
const steps = 1;

interface Caller {
  readonly roleId: FullId;
  readonly ask: Ask;
}

/** Random graphs with cycles, diamonds and ownership, through the routes, against the slow and obvious evaluator. */
describe('the routes on random graphs', { timeout: 60_000 }, () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer();
  });
  after(() => server.stop());

  for (let seed = 1; seed <= seeds; seed += 1) {
    it(`agree with the obvious evaluator: seed ${seed}`, async () => {
      const random = seededRandom(seed);
      let graph = randomGraph(random, account);
      await server.store.writes.transaction(async (sql) => {
        await sql`delete from roles where role_id not in ('demo:user:admin', 'demo:policy:root')`;
        await sql`insert into roles (role_id) select jsonb_array_elements_text(${sql.json([...graph.roles])})`;
        await putGraph(sql, graph);
        for (const { resourceId } of graph.resources) {
          await writeSecret(sql, server.dataKey, resourceId, Buffer.from(resourceId));
        }
      });
      const callers = await Promise.all(
        graph.roles.map(async (roleId) => ({
          roleId,
          ask: asker(server, await headerOfRole(server, account, roleId)),
        })),
      );
      await agree(graph, callers);
      for (let step = 1; step <= steps; step += 1) {
        graph = changed(random, graph);
        await server.store.writes.transaction((sql) => putGraph(sql, graph));
        await agree(graph, callers);
      }
    });
  }
});

async function agree(graph: RandomGraph, callers: readonly Caller[]): Promise<void> {
  for (const caller of callers) {
    await Promise.all([
      ...graph.resources.map(({ resourceId }) => resourceAgrees(graph, caller, resourceId)),
      ...callers.map(({ roleId }) => roleAgrees(graph, caller, roleId)),
      listsAgree(graph, caller),
    ]);
  }
}

async function resourceAgrees(graph: RandomGraph, { roleId, ask }: Caller, id: FullId): Promise<void> {
  const path = pathOf(id);
  const seen = visible(roleId, id, graph);
  const can = (privilege: string): boolean => may(roleId, privilege, id, graph);
  const status = async (request: Parameters<Ask>[0], payload?: string): Promise<number> =>
    (await ask(request, payload)).statusCode;
  const unless = (privilege: string, success: number): number => {
    if (can(privilege)) return success;
    return seen ? 403 : 404;
  };
  assert.deepEqual(
    {
      read: await status(`GET /secrets/${path}`),
      batch: await status(`GET /secrets?variable_ids=${id}`),
      write: await status(`POST /secrets/${path}`, id),
      show: await status(`GET /resources/${path}`),
      checks: await Promise.all(
        ['read', 'execute', 'made-up'].map((privilege) =>
          status(`GET /resources/${path}?check&privilege=${privilege}`),
        ),
      ),
    },
    {
      read: unless('execute', 200),
      batch: can('execute') ? 200 : 403,
      write: unless('update', 201),
      show: seen ? 200 : 404,
      checks: ['read', 'execute', 'made-up'].map((privilege) => (can(privilege) ? 204 : 404)),
    },
    `${roleId} and ${id}`,
  );
  if (!seen) return;
  const permitted = (await ask(`GET /resources/${path}?permitted_roles&privilege=execute`)).json<FullId[]>();
  const expected = graph.roles.filter((role) => may(role, 'execute', id, graph));
  assert.deepEqual(permitted, expected.toSorted(), `who can execute ${id}`);
}

/** Roles have no resources in these graphs: a caller sees those that it has. */
async function roleAgrees(graph: AccessGraph, { roleId, ask }: Caller, other: FullId): Promise<void> {
  const path = pathOf(other);
  const seen = closure(roleId, graph).has(other);
  const all = await ask(`GET /roles/${path}?all`);
  assert.equal(all.statusCode, seen ? 200 : 404, `${roleId} sees ${other}`);
  const assumed = await ask(`GET /resources/${account}?count=true&role=${other}`);
  assert.equal(assumed.statusCode, seen ? 200 : 403, `${roleId} acts as ${other}`);
  if (!seen) return;
  assert.deepEqual(all.json(), [...closure(other, graph)].toSorted(), `all roles of ${other}`);
  const sees = graph.resources.filter(({ resourceId }) => visible(other, resourceId, graph));
  assert.deepEqual(assumed.json(), { count: sees.length }, `what ${other} sees`);
  const members = (await ask(`GET /roles/${path}?members`)).json<{ member: FullId }[]>();
  const expected = new Set(
    graph.memberships.filter((row) => row.roleId === other).map((row) => row.memberId),
  );
  assert.deepEqual(
    members.map(({ member }) => member),
    [...expected].toSorted(),
    `members of ${other}`,
  );
}

async function listsAgree(graph: AccessGraph, { roleId, ask }: Caller): Promise<void> {
  const listed = (await ask(`GET /resources/${account}/variable`)).json<{ id: FullId }[]>();
  const expected = graph.resources.filter(({ resourceId }) => visible(roleId, resourceId, graph));
  assert.deepEqual(
    listed.map(({ id }) => id),
    expected.map(({ resourceId }) => resourceId).toSorted(),
    `what ${roleId} sees`,
  );
}

function pathOf(id: FullId): string {
  const { kind, identifier } = splitFullId(id);
  return `${account}/${kind}/${encodeURIComponent(identifier)}`;
}
