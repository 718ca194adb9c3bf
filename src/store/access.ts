import type { FullId } from '../core/ids.ts';
import type { Sql, TransactionSql } from './connection.ts';

/** What a role may do with a resource. */
export interface Access {
  /** False when the role of a still valid token has been deleted. */
  readonly callerExists: boolean;
  readonly visible: boolean;
  readonly allowed: boolean;
}

/**
 * Whether `role` sees `resourceId`, and has `privilege` on it (with null: nothing is asked, `allowed` is `visible`).
 * Works on a read client and inside the transaction of a write alike.
 */
export async function readAccess(
  sql: Sql | TransactionSql,
  role: FullId,
  privilege: string | null,
  resourceId: FullId,
): Promise<Access> {
  type Row = { caller_exists: boolean; owned: boolean; granted: readonly string[] | null };
  const [row] = await sql<Row[]>`
    with recursive reached(role_id) as (
      select role_id from roles where role_id = ${role}
      union
      select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
    )
    select exists (select from reached) as caller_exists,
      coalesce(x.owner_id in (select role_id from reached), false) as owned,
      (select array_agg(p.privilege) from permissions p
       where p.resource_id = x.resource_id and p.role_id in (select role_id from reached)) as granted
    from (select) one left join resources x on x.resource_id = ${resourceId}`;
  if (row === undefined) return { callerExists: false, visible: false, allowed: false };
  const granted = row.granted ?? [];
  const visible = row.owned || granted.length > 0;
  const allowed = row.owned || (privilege === null ? visible : granted.includes(privilege));
  return { callerExists: row.caller_exists, visible, allowed };
}

/** Whether `role` is `other` or a member of it, directly or not; false when one of them does not exist. */
export async function canAssume(sql: Sql, role: FullId, other: FullId): Promise<boolean> {
  const [row] = await sql<{ can: boolean }[]>`
    select is_role_ancestor_of(${other}, ${role}) and exists (select from roles where role_id = ${other}) as can`;
  return row?.can ?? false;
}

/** The resources below a policy branch (`<id>/…`) that `role` has no `privilege` on: what stands in the way of a replace. */
export async function descendantsWithout(
  sql: Sql | TransactionSql,
  role: FullId,
  privilege: string,
  branch: { readonly account: string; readonly identifier: string },
): Promise<readonly FullId[]> {
  const below = `${branch.identifier}/`;
  const rows = await sql<{ resource_id: FullId }[]>`
    select x.resource_id from resources x
    where x.resource_id >= ${`${branch.account}:`} and x.resource_id < ${`${branch.account};`}
      and starts_with(identifier(x.resource_id), ${below})
      and not is_role_allowed_to(${role}, ${privilege}, x.resource_id)
    order by x.resource_id limit 5`;
  return rows.map((row) => row.resource_id);
}
