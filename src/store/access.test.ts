import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type AccessGraph, closure, may, visible } from '../core/access/may.ts';
import { type FullId, fullId } from '../core/ids.ts';
import { type Access, canAssume, descendantsWithout, readAccess } from './access.ts';
import { openClient, type Sql } from './connection.ts';
import { migrate } from './migrate.ts';
import { readAllRoles } from './roles.ts';
import { startTemporaryPostgres, type TemporaryPostgres } from './testing/temporary-postgres.ts';

const rounds = 12;
/** Some are part of others: a privilege is compared as a whole. */
const privileges = ['read', 'execute', 'ex', 'never-executed', 'update'];

/** A small generator (mulberry32), so that a failing seed can be named and run again. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A graph with cycles, diamonds and resources that nobody may use. */
function randomGraph(seed: number): AccessGraph & { readonly roles: readonly FullId[] } {
  const below = random(seed);
  const roles = Array.from({ length: 8 }, (_, index) => fullId('a', 'group', `g${index}`));
  const role = (): FullId => roles[below(roles.length)] ?? fullId('a', 'group', 'g0');
  const resources = Array.from({ length: 5 }, (_, index) => ({
    resourceId: fullId('a', 'variable', `b/v${index}`),
    ownerId: role(),
  }));
  return {
    roles,
    resources,
    memberships: Array.from({ length: 9 }, () => ({ roleId: role(), memberId: role() })),
    permissions: Array.from({ length: 6 }, () => ({
      resourceId: resources[below(resources.length)]?.resourceId ?? fullId('a', 'variable', 'b/v0'),
      roleId: role(),
      privilege: privileges[below(4)] ?? 'read',
    })),
  };
}

describe('access in SQL', { timeout: 60_000 }, () => {
  let postgres: TemporaryPostgres;
  let sql: Sql;
  before(async () => {
    postgres = await startTemporaryPostgres();
    sql = openClient(postgres.address, { name: 'test' });
    await migrate(sql, 'data');
  });
  after(async () => {
    await sql.end({ timeout: 1 });
    await postgres.stop();
  });

  it('migrates once: a second run applies nothing', async () => {
    assert.deepEqual(await migrate(sql, 'data'), []);
  });

  it('agrees with the obvious evaluator on random graphs', async () => {
    for (let seed = 1; seed <= rounds; seed += 1) {
      const graph = randomGraph(seed);
      await put(graph);
      await functionsAgree(graph, seed);
      await queriesAgree(graph, seed);
    }
  });

  /** Every role with every privilege on every resource, in one statement. */
  async function functionsAgree(graph: ReturnType<typeof randomGraph>, seed: number): Promise<void> {
    type Row = {
      role: FullId;
      resource: FullId;
      privilege: string;
      allowed: boolean;
      seen: boolean;
      listed: boolean;
      can: boolean;
    };
    const rows = await sql<Row[]>`
      select r.role_id as role, x.resource_id as resource, privilege,
        is_role_allowed_to(r.role_id, privilege, x.resource_id) as allowed,
        is_resource_visible(x.resource_id, r.role_id) as seen,
        x.resource_id in (select v.resource_id from visible_resources(r.role_id) v) as listed,
        r.role_id in (select c.role_id from roles_that_can(privilege, x.resource_id) c) as can
      from roles r, resources x, jsonb_array_elements_text(${sql.json(privileges)}) privilege`;
    assert.equal(rows.length, graph.roles.length * graph.resources.length * privileges.length);
    for (const { role, resource, privilege, allowed, seen, listed, can } of rows) {
      const expected = may(role, privilege, resource, graph);
      const shown = visible(role, resource, graph);
      const why = `seed ${seed}: ${role} to ${privilege} ${resource}`;
      assert.deepEqual(
        { allowed, seen, listed, can },
        { allowed: expected, seen: shown, listed: shown, can: expected },
        why,
      );
    }
  }

  /** The statements that routes use, for one role of the graph. */
  async function queriesAgree(graph: ReturnType<typeof randomGraph>, seed: number): Promise<void> {
    const [role, other] = [graph.roles[seed % 8], graph.roles[(seed * 3 + 1) % 8]];
    assert.ok(role !== undefined && other !== undefined);
    const all = await readAllRoles(sql, role, null);
    assert.deepEqual([...all].sort(), [...closure(role, graph)].sort(), `seed ${seed}: closure of ${role}`);
    assert.equal(await canAssume(sql, role, other), closure(role, graph).has(other), `seed ${seed}: assume`);
    for (const { resourceId } of graph.resources) {
      for (const privilege of privileges) {
        const access = await readAccess(sql, role, privilege, resourceId);
        const expected: Pick<Access, 'visible' | 'allowed'> = {
          visible: visible(role, resourceId, graph),
          allowed: may(role, privilege, resourceId, graph),
        };
        const why: string = `seed ${seed}: ${role} to ${privilege} ${resourceId}`;
        assert.deepEqual(access, { callerExists: true, ...expected }, why);
      }
    }
    for (const privilege of privileges) {
      const inTheWay = await descendantsWithout(sql, role, privilege, { account: 'a', identifier: 'b' });
      const ids = graph.resources.map(({ resourceId }) => resourceId);
      const expected: readonly FullId[] = ids.filter((id) => !may(role, privilege, id, graph));
      const why: string = `seed ${seed}: what ${role} has no ${privilege} on`;
      assert.deepEqual(inTheWay, expected, why);
    }
  }

  async function put(graph: ReturnType<typeof randomGraph>): Promise<void> {
    await sql`delete from roles`;
    await sql`insert into roles ${sql(graph.roles.map((role_id) => ({ role_id })))}`;
    const rows = graph.resources.map(({ resourceId, ownerId }) => ({
      resource_id: resourceId,
      owner_id: ownerId,
    }));
    await sql`insert into resources ${sql(rows)}`;
    for (const { roleId, memberId } of graph.memberships) {
      await sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
        values (${roleId}, ${memberId}, false, false) on conflict do nothing`;
    }
    for (const { resourceId, roleId, privilege } of graph.permissions) {
      await sql`insert into permissions (resource_id, role_id, privilege)
        values (${resourceId}, ${roleId}, ${privilege}) on conflict do nothing`;
    }
  }
});
