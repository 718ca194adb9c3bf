import type { AccessGraph } from '../../core/access/may.ts';
import { type FullId, fullId } from '../../core/ids.ts';
import type { Random } from '../../core/random.ts';
import type { Sql, TransactionSql } from '../connection.ts';

/** A graph of roles that live in one account, to be put into a database and changed there step by step. */
export interface RandomGraph extends AccessGraph {
  readonly roles: readonly FullId[];
}

const privileges = ['read', 'execute', 'update'] as const;

/** A graph with cycles, diamonds, roles that are members of themselves, and resources that nobody may use. */
export function randomGraph(random: Random, account: string): RandomGraph {
  const kinds = ['group', 'user', 'host', 'layer'];
  const roles = Array.from({ length: 9 }, (_, index) => fullId(account, random.pick(kinds), `r${index}`));
  const resources = Array.from({ length: 5 }, (_, index) => ({
    resourceId: fullId(account, 'variable', `v${index}`),
    ownerId: random.pick(roles),
  }));
  const graph = { roles, resources, memberships: [], permissions: [] };
  return Array.from({ length: 18 }).reduce<RandomGraph>((grown) => grow(random, grown), graph);
}

/** One change: a membership or a permission more or less, another owner. */
export function changed(random: Random, graph: RandomGraph): RandomGraph {
  const without = <T>(rows: readonly T[]): readonly T[] => {
    const gone = random.below(Math.max(1, rows.length));
    return rows.filter((_, index) => index !== gone);
  };
  switch (random.below(6)) {
    case 0:
      return { ...graph, memberships: without(graph.memberships) };
    case 1:
      return { ...graph, permissions: without(graph.permissions) };
    case 2: {
      const { resourceId } = random.pick(graph.resources);
      const ownerId = random.pick(graph.roles);
      const owned = graph.resources.map((row) =>
        row.resourceId === resourceId ? { resourceId, ownerId } : row,
      );
      return { ...graph, resources: owned };
    }
    default:
      return grow(random, graph);
  }
}

function grow(random: Random, graph: RandomGraph): RandomGraph {
  if (random.chance(2)) {
    const row = { roleId: random.pick(graph.roles), memberId: random.pick(graph.roles) };
    return { ...graph, memberships: [...graph.memberships, row] };
  }
  const { resourceId } = random.pick(graph.resources);
  const row = { resourceId, roleId: random.pick(graph.roles), privilege: random.pick(privileges) };
  return { ...graph, permissions: [...graph.permissions, row] };
}

/**
 * Makes a database hold a graph. The roles must be there. Memberships that are right already are not touched, not even by
 * a statement that finds nothing to do: only a change begins a new epoch.
 */
export async function putGraph(sql: Sql | TransactionSql, graph: RandomGraph): Promise<void> {
  const ids = sql.json([...graph.roles]);
  await sql`insert into resources (resource_id, owner_id)
    select "resourceId", "ownerId"
    from jsonb_to_recordset(${json(sql, graph.resources)}) as r("resourceId" text, "ownerId" text)
    on conflict (resource_id) do update set owner_id = excluded.owner_id`;
  await sql`delete from permissions where role_id in (select jsonb_array_elements_text(${ids}))`;
  await sql`insert into permissions (resource_id, role_id, privilege)
    select distinct "resourceId", "roleId", privilege
    from jsonb_to_recordset(${json(sql, graph.permissions)}) as r("resourceId" text, "roleId" text, privilege text)`;
  const present = await sql<
    { pair: string }[]
  >`select role_id || ' ' || member_id as pair from role_memberships
    where role_id in (select jsonb_array_elements_text(${ids})) and not ownership`;
  const pairs = new Set(present.map(({ pair }) => pair));
  const wanted = new Set(graph.memberships.map(({ roleId, memberId }) => `${roleId} ${memberId}`));
  if (pairs.size === wanted.size && [...wanted].every((pair) => pairs.has(pair))) return;
  await sql`delete from role_memberships
    where role_id in (select jsonb_array_elements_text(${ids})) and not ownership`;
  await sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
    select distinct "roleId", "memberId", false, false
    from jsonb_to_recordset(${json(sql, graph.memberships)}) as r("roleId" text, "memberId" text)`;
}

function json(
  sql: Sql | TransactionSql,
  rows: readonly Readonly<Record<string, string>>[],
): ReturnType<Sql['json']> {
  return sql.json(rows.map((row) => ({ ...row })));
}
