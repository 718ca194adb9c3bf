import type { FullId } from '../core/ids.ts';
import type { Fragment, Sql, TransactionSql } from './connection.ts';

/** The role a token speaks for, and which incarnation of it: a role that is deleted and created again is another one. */
export interface CallerRole {
  readonly roleId: FullId;
  /** The `jti` of the token; null in tokens that carry none, which hold for roles older than themselves. */
  readonly incarnation: string | null;
  /** When the token was issued, seconds since 1970. */
  readonly issuedAt: number;
}

/** What a role may do with a resource. */
export interface Access {
  /** False when the role of a still valid token has been deleted. */
  readonly callerExists: boolean;
  readonly visible: boolean;
  readonly allowed: boolean;
}

/** The condition that a row of `roles` is the very role that the caller's token was issued to. */
export const isCaller = (sql: Sql | TransactionSql, caller: CallerRole): Fragment => sql`
  role_id = ${caller.roleId} and case when ${caller.incarnation}::uuid is null
    then created_at < to_timestamp(${caller.issuedAt + 1}) else incarnation = ${caller.incarnation}::uuid end`;

/** All roles that `role` has, none when it is not there: for use in a `with recursive`. */
export const reached = (sql: Sql | TransactionSql, role: FullId): Fragment => sql`
  reached(role_id) as (
    select role_id from roles where role_id = ${role}
    union
    select m.role_id from reached r join role_memberships m on m.member_id = r.role_id)`;

/** Whether `reached` has a privilege on the resource `x`; with null: any, so that it sees it. */
export const mayDo = (sql: Sql | TransactionSql, privilege: string | null): Fragment => sql`
  (x.owner_id in (select role_id from reached)
    or exists (select from permissions p where p.resource_id = x.resource_id
      and (${privilege}::text is null or p.privilege = ${privilege}) and p.role_id in (select role_id from reached)))`;

/** Whether the role of a caller is still there. */
export async function callerExists(sql: Sql | TransactionSql, caller: CallerRole): Promise<boolean> {
  const rows = await sql`select from roles where ${isCaller(sql, caller)}`;
  return rows.length > 0;
}

/** As `callerExists`; and until the transaction ends nobody can delete the role. */
export async function holdCaller(sql: TransactionSql, caller: CallerRole): Promise<boolean> {
  const rows = await sql`select from roles where ${isCaller(sql, caller)} for key share`;
  return rows.length > 0;
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
  type Row = { caller_exists: boolean; owned: boolean; seen: boolean; granted: boolean };
  const [row] = await sql<Row[]>`
    with recursive ${reached(sql, role)}
    select exists (select from reached) as caller_exists,
      coalesce(x.owner_id in (select role_id from reached), false) as owned,
      p.seen, p.granted
    from (select) one left join resources x on x.resource_id = ${resourceId}
    cross join lateral (
      select count(*) > 0 as seen, coalesce(bool_or(p.privilege = ${privilege}), false) as granted
      from permissions p
      where p.resource_id = x.resource_id and p.role_id in (select role_id from reached)) p`;
  if (row === undefined) return { callerExists: false, visible: false, allowed: false };
  const visible = row.owned || row.seen;
  return {
    callerExists: row.caller_exists,
    visible,
    allowed: privilege === null ? visible : row.owned || row.granted,
  };
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
    with recursive ${reached(sql, role)}
    select x.resource_id from resources x
    where x.resource_id >= ${`${branch.account}:`} and x.resource_id < ${`${branch.account};`}
      and starts_with(identifier(x.resource_id), ${below}) and not ${mayDo(sql, privilege)}
    order by x.resource_id limit 5`;
  return rows.map((row) => row.resource_id);
}
