import { accountOf, type FullId, identifierOf } from '../core/ids.ts';
import type { EffectiveRows } from '../core/policy/effective-rows.ts';
import type {
  AnnotationRow,
  CredentialsRow,
  MembershipRow,
  PermissionRow,
  ResourceRow,
} from '../core/policy/types.ts';
import { type DataKey, decrypt } from './cipher.ts';
import type { Fragment, TransactionSql } from './connection.ts';

/** Which part of a policy is read, and for whom. */
export interface EffectiveScope {
  readonly policyId: FullId;
  /** All roles that the caller has. */
  readonly reached: ReadonlySet<FullId>;
  readonly depth: number;
  /** Resources, annotations and permissions together; more are not read. */
  readonly limit: number;
}

/** The rows, or how many there are at least when they are more than the limit. */
export type EffectiveReading =
  | { readonly ok: true; readonly rows: EffectiveRows; readonly rootOwnerId: FullId }
  | { readonly ok: false; readonly count: number };

/** Reads what lies in a policy, as far as the caller sees it. */
export async function readEffectiveRows(
  sql: TransactionSql,
  dataKey: DataKey,
  scope: EffectiveScope,
): Promise<EffectiveReading> {
  const { limit } = scope;
  const resources = await readResources(sql, scope);
  if (resources.length > limit) return { ok: false, count: resources.length };
  const ids = sql.json(resources.map(({ resourceId }) => resourceId));
  const asked = sql`select value collate "C" from jsonb_array_elements_text(${ids})`;
  const annotations = await sql<AnnotationRow[]>`
    select resource_id as "resourceId", name, value, policy_id as "policyId" from annotations
    where resource_id in (${asked}) order by resource_id, name limit ${limit + 1}`;
  const permissions = await sql<PermissionRow[]>`
    select resource_id as "resourceId", role_id as "roleId", privilege, policy_id as "policyId" from permissions
    where resource_id in (${asked}) order by resource_id, role_id, privilege limit ${limit + 1}`;
  const count = resources.length + annotations.length + permissions.length;
  if (count > limit) return { ok: false, count };
  const account = accountOf(scope.policyId);
  const roleIds = await readRoles(sql, asked);
  const rows = {
    resources,
    annotations,
    permissions,
    roleIds,
    memberships: await readGrants(sql, roleIds),
    credentials: await sql<CredentialsRow[]>`
      select role_id as "roleId", to_jsonb(restricted_to::text[]) as "restrictedTo" from credentials
      where role_id in (${asked}) and restricted_to <> '{}'`,
    publicKeys: await readKeys(sql, dataKey, asked),
    policies: await readPolicies(sql, account),
  };
  const [root] = await sql<{ id: FullId }[]>`
    select owner_id as id from resources where resource_id = ${`${account}:policy:root`}`;
  return { ok: true, rows, rootOwnerId: root?.id ?? scope.policyId };
}

/**
 * The resources whose ids may lie in the policy: below it, or of users (and their keys) named after it. Which of those
 * belong to it is decided with all rows at hand.
 */
function readResources(sql: TransactionSql, scope: EffectiveScope): Promise<ResourceRow[]> {
  const { policyId, reached, depth, limit } = scope;
  const account = accountOf(policyId);
  const policy = identifierOf(policyId);
  const isRoot = policy === 'root';
  const deepest = depth + (isRoot ? 0 : policy.split('/').length - 1);
  const roles = sql.json([...reached]);
  return sql<ResourceRow[]>`
    with reached as materialized (select value collate "C" as id from jsonb_array_elements_text(${roles})),
    near as (
      select x.* from resources x
      where x.resource_id >= ${`${account}:`} and x.resource_id < ${`${account};`} and case
        when kind(x.resource_id) in ('user', 'public_key')
          then ${isRoot} or position(${`@${policy.replaceAll('/', '-')}`} in identifier(x.resource_id)) > 0
        else (${isRoot} or identifier(x.resource_id) = ${policy}
            or starts_with(identifier(x.resource_id), ${`${policy}/`}))
          and length(identifier(x.resource_id)) - length(replace(identifier(x.resource_id), '/', '')) <= ${deepest}
      end
    )
    select n.resource_id as "resourceId", n.owner_id as "ownerId", n.policy_id as "policyId" from near n
    where n.owner_id in (select id from reached)
      or n.resource_id in (select p.resource_id from permissions p where p.role_id in (select id from reached))
    order by n.resource_id limit ${limit + 1}`;
}

/** Roles of the resources; and roles without a resource that their policies made. */
async function readRoles(sql: TransactionSql, asked: Fragment): Promise<readonly FullId[]> {
  const rows = await sql<{ id: FullId }[]>`
    select role_id as id from roles r
    where r.role_id in (${asked}) or (r.policy_id in (${asked})
      and not exists (select from resources x where x.resource_id = r.role_id))
    order by role_id`;
  return rows.map(({ id }) => id);
}

async function readGrants(
  sql: TransactionSql,
  roleIds: readonly FullId[],
): Promise<readonly MembershipRow[]> {
  return sql<MembershipRow[]>`
    select role_id as "roleId", member_id as "memberId", admin_option as "adminOption", ownership,
      policy_id as "policyId"
    from role_memberships
    where not ownership and role_id in (
      select value collate "C" from jsonb_array_elements_text(${sql.json([...roleIds])}))
    order by role_id, member_id`;
}

async function readKeys(
  sql: TransactionSql,
  dataKey: DataKey,
  asked: Fragment,
): Promise<EffectiveRows['publicKeys']> {
  const rows = await sql<{ id: FullId; value: Buffer }[]>`
    select distinct on (resource_id) resource_id as id, value from secrets
    where kind(resource_id) = 'public_key' and resource_id in (${asked})
    order by resource_id, version desc`;
  return rows.map(({ id, value }) => ({ resourceId: id, value: decrypt(dataKey, value, id).toString() }));
}

async function readPolicies(sql: TransactionSql, account: string): Promise<readonly string[]> {
  const rows = await sql<{ policy: string }[]>`
    select identifier(resource_id) as policy from resources
    where resource_id >= ${`${account}:policy:`} and resource_id < ${`${account}:policy;`}
    order by resource_id`;
  return rows.map(({ policy }) => policy);
}
