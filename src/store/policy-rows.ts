import type { FullId } from '../core/ids.ts';
import type {
  AnnotationRow,
  Current,
  CredentialsRow,
  DependentRow,
  MembershipRow,
  Needed,
  PermissionRow,
  ResourceRow,
  RoleRow,
} from '../core/policy/types.ts';
import type { Sql, TransactionSql } from './connection.ts';

/** Reads the rows that the planner asks for: those of the loaded policy, and what exists of `needed`. No dependents yet. */
export async function readCurrent(
  sql: Sql | TransactionSql,
  policyId: FullId,
  needed: Needed,
): Promise<Current> {
  const ids = sql.json([...needed.ids]);
  const [roles, resources, memberships, permissions, annotations, credentials] = await Promise.all([
    sql<RoleRow[]>`select role_id as "roleId", policy_id as "policyId" from roles
      where policy_id = ${policyId}
        or role_id in (select value collate "C" from jsonb_array_elements_text(${ids}))`,
    sql<
      ResourceRow[]
    >`select resource_id as "resourceId", owner_id as "ownerId", policy_id as "policyId" from resources
      where policy_id = ${policyId}
        or resource_id in (select value collate "C" from jsonb_array_elements_text(${ids}))`,
    readMemberships(sql, policyId, needed),
    readPermissions(sql, policyId, needed),
    readAnnotations(sql, policyId, needed),
    sql<
      CredentialsRow[]
    >`select role_id as "roleId", to_jsonb(restricted_to::text[]) as "restrictedTo" from credentials
      where role_id in (select value collate "C" from jsonb_array_elements_text(${sql.json([...needed.credentials])}))`,
  ]);
  return { roles, resources, memberships, permissions, annotations, credentials, dependents: [] };
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

function readMemberships(
  sql: Sql | TransactionSql,
  policyId: FullId,
  needed: Needed,
): Promise<MembershipRow[]> {
  const keys = sql.json(needed.memberships.map((key) => ({ ...key })));
  return sql<MembershipRow[]>`
    select role_id as "roleId", member_id as "memberId", admin_option as "adminOption", ownership,
      policy_id as "policyId"
    from role_memberships where policy_id = ${policyId}
    union
    select m.role_id, m.member_id, m.admin_option, m.ownership, m.policy_id
    from jsonb_to_recordset(${keys}) as k("roleId" text, "memberId" text, ownership boolean)
    join role_memberships m on m.role_id = k."roleId" collate "C" and m.member_id = k."memberId" collate "C"
      and m.ownership = k.ownership`;
}

function readPermissions(
  sql: Sql | TransactionSql,
  policyId: FullId,
  needed: Needed,
): Promise<PermissionRow[]> {
  const keys = sql.json(needed.permissions.map((key) => ({ ...key })));
  return sql<PermissionRow[]>`
    select resource_id as "resourceId", role_id as "roleId", privilege, policy_id as "policyId"
    from permissions where policy_id = ${policyId}
    union
    select p.resource_id, p.role_id, p.privilege, p.policy_id
    from jsonb_to_recordset(${keys}) as k("resourceId" text, "roleId" text, privilege text)
    join permissions p on p.resource_id = k."resourceId" collate "C" and p.role_id = k."roleId" collate "C"
      and p.privilege = k.privilege collate "C"`;
}

function readAnnotations(
  sql: Sql | TransactionSql,
  policyId: FullId,
  needed: Needed,
): Promise<AnnotationRow[]> {
  const keys = sql.json(needed.annotations.map((key) => ({ ...key })));
  return sql<AnnotationRow[]>`
    select resource_id as "resourceId", name, value, policy_id as "policyId"
    from annotations where policy_id = ${policyId}
    union
    select a.resource_id, a.name, a.value, a.policy_id
    from jsonb_to_recordset(${keys}) as k("resourceId" text, name text)
    join annotations a on a.resource_id = k."resourceId" collate "C" and a.name = k.name collate "C"`;
}
