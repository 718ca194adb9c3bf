import type { FullId } from '../core/ids.ts';
import { reached } from './access.ts';
import type { Sql } from './connection.ts';

/** Those of some roles and resources that a role knows of. */
export interface KnownIds {
  /** It has these roles: itself, and those that it is a member of. */
  readonly had: ReadonlySet<FullId>;
  /** It owns these, or has a privilege on them. */
  readonly seen: ReadonlySet<FullId>;
}

/** The accounts in which `role` is, or has, the user `admin` or the owner of the root policy. */
export async function administeredAccounts(sql: Sql, role: FullId): Promise<ReadonlySet<string>> {
  const rows = await sql<{ account: string }[]>`
    with recursive ${reached(sql, role)}
    select account(role_id) as account from reached where role_id = account(role_id) || ':user:admin'
    union
    select account(x.resource_id) from resources x
    where x.owner_id in (select role_id from reached) and x.resource_id = account(x.owner_id) || ':policy:root'`;
  return new Set(rows.map(({ account }) => account));
}

/** Which of `ids` a role has, and which it sees. */
export async function knownAmong(sql: Sql, role: FullId, ids: readonly FullId[]): Promise<KnownIds> {
  if (ids.length === 0) return { had: new Set(), seen: new Set() };
  const rows = await sql<{ id: FullId; had: boolean }[]>`
    with recursive ${reached(sql, role)},
    asked as materialized (select value collate "C" as id from jsonb_array_elements_text(${sql.json([...ids])}))
    select role_id as id, true as had from reached where role_id in (select id from asked)
    union all
    select x.resource_id, false from resources x join asked on asked.id = x.resource_id
    where x.owner_id in (select role_id from reached) or exists (
      select from permissions p where p.resource_id = x.resource_id and p.role_id in (select role_id from reached))`;
  const which = (had: boolean): ReadonlySet<FullId> =>
    new Set(rows.filter((row) => row.had === had).map(({ id }) => id));
  return { had: which(true), seen: which(false) };
}
