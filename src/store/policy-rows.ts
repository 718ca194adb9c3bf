import type { FullId } from '../core/ids.ts';
import { stillNeeded } from '../core/policy/plan-needed.ts';
import type {
  AnnotationRow,
  CredentialsRow,
  Current,
  DependentRow,
  MembershipRow,
  Needed,
  PermissionRow,
  ResourceRow,
  RoleRow,
} from '../core/policy/types.ts';
import type { Sql, TransactionSql } from './connection.ts';

/**
 * Reads the rows that the planner asks for: those of the loaded policy, and what exists of `needed`. No dependents yet. It
 * must run in one snapshot, or under the lock of policy loads.
 */
export async function readCurrent(
  sql: Sql | TransactionSql,
  policyId: FullId,
  needed: Needed,
): Promise<Current> {
  const own = await readOwn(sql, policyId, needed.ids);
  const left = stillNeeded(needed, own);
  const memberships = await readMemberships(sql, left);
  const permissions = await readPermissions(sql, left);
  const annotations = await readAnnotations(sql, left);
  return {
    ...own,
    memberships: [...own.memberships, ...memberships],
    permissions: [...own.permissions, ...permissions],
    annotations: [...own.annotations, ...annotations],
    credentials: await readRestrictions(sql, left.credentials),
  };
}

/** The rows of a policy, and the roles and resources of `ids`: each by its own index, where one `or` would read the table. */
async function readOwn(
  sql: Sql | TransactionSql,
  policyId: FullId,
  neededIds: readonly FullId[],
): Promise<Current> {
  const ids = sql.json([...neededIds]);
  const [roles, resources, memberships, permissions, annotations] = await Promise.all([
    sql<RoleRow[]>`select role_id as "roleId", policy_id as "policyId" from roles
      where policy_id = ${policyId}
      union
      select role_id, policy_id from roles
      where role_id in (select value collate "C" from jsonb_array_elements_text(${ids}))`,
    sql<ResourceRow[]>`
      select resource_id as "resourceId", owner_id as "ownerId", policy_id as "policyId" from resources
      where policy_id = ${policyId}
      union
      select resource_id, owner_id, policy_id from resources
      where resource_id in (select value collate "C" from jsonb_array_elements_text(${ids}))`,
    sql<MembershipRow[]>`
      select role_id as "roleId", member_id as "memberId", admin_option as "adminOption", ownership,
        policy_id as "policyId"
      from role_memberships where policy_id = ${policyId}`,
    sql<PermissionRow[]>`
      select resource_id as "resourceId", role_id as "roleId", privilege, policy_id as "policyId"
      from permissions where policy_id = ${policyId}`,
    sql<AnnotationRow[]>`
      select resource_id as "resourceId", name, value, policy_id as "policyId"
      from annotations where policy_id = ${policyId}`,
  ]);
  return { roles, resources, memberships, permissions, annotations, credentials: [], dependents: [] };
}

/** Everything that goes along when `doomed` ids are deleted: owned by them or loaded by their policies, in any number of steps. */
export async function readDependents(
  sql: Sql | TransactionSql,
  doomed: readonly FullId[],
): Promise<readonly DependentRow[]> {
  if (doomed.length === 0) return [];
  return sql<DependentRow[]>`
    with recursive gone(id) as (
      select value collate "C" from jsonb_array_elements_text(${sql.json([...doomed])})
      union
      select next.id from gone g cross join lateral (
        select x.resource_id as id from resources x where x.owner_id = g.id
        union all
        select x.resource_id from resources x where x.policy_id = g.id
        union all
        select r.role_id from roles r where r.policy_id = g.id
      ) next
    )
    select g.id, x.owner_id as "ownerId", r.policy_id as "rolePolicyId", x.policy_id as "resourcePolicyId"
    from gone g left join resources x on x.resource_id = g.id left join roles r on r.role_id = g.id
    where x.resource_id is not null or r.role_id is not null
    order by g.id`;
}

async function readMemberships(
  sql: Sql | TransactionSql,
  { memberships }: Needed,
): Promise<readonly MembershipRow[]> {
  if (memberships.length === 0) return [];
  const keys = sql.json(memberships.map((key) => ({ ...key })));
  return sql<MembershipRow[]>`
    select m.role_id as "roleId", m.member_id as "memberId", m.admin_option as "adminOption", m.ownership,
      m.policy_id as "policyId"
    from jsonb_to_recordset(${keys}) as k("roleId" text, "memberId" text, ownership boolean)
    join role_memberships m on m.role_id = k."roleId" collate "C" and m.member_id = k."memberId" collate "C"
      and m.ownership = k.ownership`;
}

async function readPermissions(
  sql: Sql | TransactionSql,
  { permissions }: Needed,
): Promise<readonly PermissionRow[]> {
  if (permissions.length === 0) return [];
  const keys = sql.json(permissions.map((key) => ({ ...key })));
  return sql<PermissionRow[]>`
    select p.resource_id as "resourceId", p.role_id as "roleId", p.privilege, p.policy_id as "policyId"
    from jsonb_to_recordset(${keys}) as k("resourceId" text, "roleId" text, privilege text)
    join permissions p on p.resource_id = k."resourceId" collate "C" and p.role_id = k."roleId" collate "C"
      and p.privilege = k.privilege collate "C"`;
}

async function readAnnotations(
  sql: Sql | TransactionSql,
  { annotations }: Needed,
): Promise<readonly AnnotationRow[]> {
  if (annotations.length === 0) return [];
  const keys = sql.json(annotations.map((key) => ({ ...key })));
  return sql<AnnotationRow[]>`
    select a.resource_id as "resourceId", a.name, a.value, a.policy_id as "policyId"
    from jsonb_to_recordset(${keys}) as k("resourceId" text, name text)
    join annotations a on a.resource_id = k."resourceId" collate "C" and a.name = k.name collate "C"`;
}

async function readRestrictions(
  sql: Sql | TransactionSql,
  roleIds: readonly FullId[],
): Promise<readonly CredentialsRow[]> {
  if (roleIds.length === 0) return [];
  return sql<CredentialsRow[]>`
    select role_id as "roleId", to_jsonb(restricted_to::text[]) as "restrictedTo" from credentials
    where role_id in (select value collate "C" from jsonb_array_elements_text(${sql.json([...roleIds])}))`;
}
