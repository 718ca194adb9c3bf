import type {
  AnnotationRow,
  CredentialsRow,
  MembershipRow,
  PermissionRow,
  ResourceRow,
  RoleRow,
} from '../../core/policy/types.ts';
import { annotationKey, membershipKey, permissionKey } from '../../core/policy/plan-rows.ts';
import type { RowDatabase } from '../../core/testing/row-database.ts';
import type { Sql, TransactionSql } from '../connection.ts';

/** All policy rows of an account, in the form of the models in core. */
export async function allRows(sql: Sql | TransactionSql, account: string): Promise<RowDatabase> {
  const roles = await sql<RoleRow[]>`
    select role_id as "roleId", policy_id as "policyId" from roles where account(role_id) = ${account}`;
  const resources = await sql<ResourceRow[]>`
    select resource_id as "resourceId", owner_id as "ownerId", policy_id as "policyId" from resources
    where account(resource_id) = ${account}`;
  const memberships = await sql<MembershipRow[]>`
    select role_id as "roleId", member_id as "memberId", admin_option as "adminOption", ownership,
      policy_id as "policyId"
    from role_memberships where account(role_id) = ${account}`;
  const permissions = await sql<PermissionRow[]>`
    select resource_id as "resourceId", role_id as "roleId", privilege, policy_id as "policyId" from permissions
    where account(resource_id) = ${account}`;
  const annotations = await sql<AnnotationRow[]>`
    select resource_id as "resourceId", name, value, policy_id as "policyId" from annotations
    where account(resource_id) = ${account}`;
  const credentials = await sql<CredentialsRow[]>`
    select role_id as "roleId", to_jsonb(restricted_to::text[]) as "restrictedTo" from credentials
    where account(role_id) = ${account}`;
  return {
    roles: new Map(roles.map((row) => [row.roleId, { ...row }])),
    resources: new Map(resources.map((row) => [row.resourceId, { ...row }])),
    memberships: new Map(memberships.map((row) => [membershipKey(row), { ...row }])),
    permissions: new Map(permissions.map((row) => [permissionKey(row), { ...row }])),
    annotations: new Map(annotations.map((row) => [annotationKey(row), { ...row }])),
    credentials: new Map(credentials.map((row) => [row.roleId, { ...row }])),
  };
}
