import type { FullId } from '../core/ids.ts';
import type { TransactionSql } from './connection.ts';

interface Edge {
  readonly roleId: FullId;
  readonly memberId: FullId;
}

/** All roles that `caller` has, and those that it would have if `edges` were memberships too. */
export async function reachedRoles(
  sql: TransactionSql,
  caller: FullId,
  edges: readonly Edge[],
): Promise<ReadonlySet<FullId>> {
  const upward = new Map<FullId, FullId[]>();
  for (const { roleId, memberId } of edges) {
    const roles = upward.get(memberId);
    if (roles === undefined) upward.set(memberId, [roleId]);
    else roles.push(roleId);
  }
  const reached = new Set<FullId>();
  // Memberships that exist and new ones take turns, until neither reaches anything more.
  for (let frontier: readonly FullId[] = [caller]; frontier.length > 0; ) {
    const queue = (await closureOf(sql, frontier)).filter((id) => !reached.has(id));
    for (const id of queue) reached.add(id);
    const next: FullId[] = [];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      for (const role of upward.get(id) ?? []) {
        if (reached.has(role)) continue;
        reached.add(role);
        queue.push(role);
        next.push(role);
      }
    }
    frontier = next;
  }
  return reached;
}

async function closureOf(sql: TransactionSql, roles: readonly FullId[]): Promise<FullId[]> {
  const rows = await sql<{ id: FullId }[]>`
    with recursive reached(id) as (
      select value collate "C" from jsonb_array_elements_text(${sql.json([...roles])})
      union
      select m.role_id from reached r join role_memberships m on m.member_id = r.id
    )
    select id from reached`;
  return rows.map(({ id }) => id);
}

/** Those of `ids` that one of `roles` can see: resources that it owns or has any privilege on. */
export async function visibleAmong(
  sql: TransactionSql,
  roles: ReadonlySet<FullId>,
  ids: ReadonlySet<FullId>,
): Promise<ReadonlySet<FullId>> {
  const rows = await sql<{ id: FullId }[]>`
    with reached as materialized (select value collate "C" as id from jsonb_array_elements_text(${sql.json([...roles])}))
    select x.resource_id as id from resources x
    where x.resource_id in (select value collate "C" from jsonb_array_elements_text(${sql.json([...ids])}))
      and (x.owner_id in (select id from reached) or x.resource_id in (
        select p.resource_id from permissions p where p.role_id in (select id from reached)))`;
  return new Set(rows.map(({ id }) => id));
}
