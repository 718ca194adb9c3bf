import type { FullId } from '../core/ids.ts';
import type { PreviewRows } from '../core/policy/preview-rows.ts';
import type {
  AnnotationRow,
  CredentialsRow,
  MembershipRow,
  PermissionRow,
  ResourceRow,
} from '../core/policy/types.ts';
import type { TransactionSql } from './connection.ts';

/** All rows of `ids`, with the ties to whatever else they are tied to. */
export async function readPreviewRows(
  sql: TransactionSql,
  touched: ReadonlySet<FullId>,
): Promise<PreviewRows> {
  const ids = sql.json([...touched]);
  const [resources, memberships, permissions, annotations, credentials] = await Promise.all([
    sql<ResourceRow[]>`
      select resource_id as "resourceId", owner_id as "ownerId", policy_id as "policyId" from resources
      where resource_id in (select value collate "C" from jsonb_array_elements_text(${ids}))`,
    sql<MembershipRow[]>`
      with asked as materialized (select value collate "C" as id from jsonb_array_elements_text(${ids}))
      select role_id as "roleId", member_id as "memberId", admin_option as "adminOption", ownership,
        policy_id as "policyId"
      from role_memberships where role_id in (select id from asked) or member_id in (select id from asked)
      order by role_id, member_id, ownership desc`,
    sql<PermissionRow[]>`
      with asked as materialized (select value collate "C" as id from jsonb_array_elements_text(${ids}))
      select resource_id as "resourceId", role_id as "roleId", privilege, policy_id as "policyId"
      from permissions where resource_id in (select id from asked) or role_id in (select id from asked)
      order by resource_id, role_id, privilege`,
    sql<AnnotationRow[]>`
      select resource_id as "resourceId", name, value, policy_id as "policyId" from annotations
      where resource_id in (select value collate "C" from jsonb_array_elements_text(${ids}))
      order by resource_id, name`,
    sql<CredentialsRow[]>`
      select role_id as "roleId", to_jsonb(restricted_to::text[]) as "restrictedTo" from credentials
      where role_id in (select value collate "C" from jsonb_array_elements_text(${ids}))`,
  ]);
  return { resources, memberships, permissions, annotations, credentials };
}

/**
 * What changes although no row operation names it, when `deleted` roles and resources go: members and roles, holders and
 * resources that were tied to them, or tied to each other by a policy among them.
 */
export async function readNeighbours(
  sql: TransactionSql,
  deleted: ReadonlySet<FullId>,
): Promise<readonly FullId[]> {
  if (deleted.size === 0) return [];
  const rows = await sql<{ id: FullId }[]>`
    with gone as materialized (select value collate "C" as id from jsonb_array_elements_text(${sql.json([...deleted])})),
    ties(one, other, policy_id) as (
      select role_id, member_id, policy_id from role_memberships
      union all select resource_id, role_id, policy_id from permissions
      union all select resource_id, resource_id, policy_id from annotations
    )
    select distinct unnest(array[one, other]) as id from ties
    where one in (select id from gone) or other in (select id from gone) or policy_id in (select id from gone)`;
  return rows.map(({ id }) => id);
}
