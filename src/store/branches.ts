import type { Branch } from '../core/branches/branch.ts';
import type { FullId } from '../core/ids.ts';
import { mayDo, reached } from './access.ts';
import type { Fragment, Sql, TransactionSql } from './connection.ts';

/** One page of the branches that a role may read, and how many there are altogether. */
export interface BranchPage {
  readonly branches: readonly Branch[];
  readonly count: number;
}

/** A branch with its annotations; null when there is no such policy. */
export async function readBranch(sql: Sql | TransactionSql, id: FullId): Promise<Branch | null> {
  const [row] = await sql<Branch[]>`
    select ${columns(sql)} from resources x where x.resource_id = ${id}`;
  return row ?? null;
}

/**
 * The branches of an account that `role` has `read` on, without the root, ordered by id. A policy whose parent is no
 * policy (`!policy a/b` without `!policy a`) is no branch.
 */
export async function listBranches(
  sql: Sql,
  role: FullId,
  account: string,
  page: { readonly limit: number; readonly offset: number },
): Promise<BranchPage> {
  const [row] = await sql<{ count: number; branches: readonly Branch[] }[]>`
    with recursive ${reached(sql, role)}, mine as (
      select x.resource_id from resources x
      where x.resource_id >= ${`${account}:policy:`} and x.resource_id < ${`${account}:policy;`}
        and x.resource_id <> ${`${account}:policy:root`}
        and exists (select from resources p
          where p.resource_id = regexp_replace(x.resource_id, '/[^/]*$', '') collate "C")
        and ${mayDo(sql, 'read')})
    select (select count(*)::int from mine) as count,
      coalesce((select json_agg(b) from (
        select ${columns(sql)} from resources x join mine using (resource_id)
        order by x.resource_id limit ${page.limit} offset ${page.offset}) b), '[]') as branches`;
  return { branches: row?.branches ?? [], count: row?.count ?? 0 };
}

/**
 * A branch and everything below it but users (their names do not lie in paths; those that its policy made go along with
 * it), the deepest first, with whether `role` may change it.
 */
export async function branchContents(
  sql: TransactionSql,
  role: FullId,
  branch: { readonly account: string; readonly identifier: string },
): Promise<readonly { readonly id: FullId; readonly mayUpdate: boolean }[]> {
  const below = `${branch.identifier}/`;
  return sql<{ id: FullId; mayUpdate: boolean }[]>`
    with recursive ${reached(sql, role)}
    select x.resource_id as id, ${mayDo(sql, 'update')} as "mayUpdate"
    from resources x
    where x.resource_id >= ${`${branch.account}:`} and x.resource_id < ${`${branch.account};`}
      and kind(x.resource_id) <> 'user'
      and (identifier(x.resource_id) = ${branch.identifier} or starts_with(identifier(x.resource_id), ${below}))
    order by length(x.resource_id) desc, x.resource_id`;
}

/** Whether `member` is a member of `role` by a grant (not by ownership). */
export async function hasGrant(sql: TransactionSql, role: FullId, member: FullId): Promise<boolean> {
  const rows = await sql`select from role_memberships
    where role_id = ${role} and member_id = ${member} and not ownership`;
  return rows.length > 0;
}

const columns = (sql: Sql | TransactionSql): Fragment => sql`
  x.resource_id as id, x.owner_id as "ownerId", x.policy_id as "policyId",
  coalesce((select json_object_agg(a.name, a.value order by a.name) from annotations a
    where a.resource_id = x.resource_id), '{}') as annotations`;
