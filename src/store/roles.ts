import type { FullId } from '../core/ids.ts';
import type { Fragment, Sql, TransactionSql } from './connection.ts';

/** A membership as the wire shows it. */
export interface GrantJson {
  readonly admin_option: boolean;
  readonly ownership: boolean;
  readonly role: FullId;
  readonly member: FullId;
  readonly policy?: FullId;
}

export interface RoleJson {
  readonly created_at: string;
  readonly id: FullId;
  readonly policy?: FullId;
  readonly members: readonly GrantJson[];
}

/** Which grants: looked for in the member of each where members are listed, else in the role. */
export interface GrantFilter {
  readonly search: string | null;
  /** Empty: all kinds. */
  readonly kinds: readonly string[];
}

export interface MemberFilter extends GrantFilter {
  readonly limit: number | null;
  readonly offset: number;
}

/** An edge of the graph of roles: `child` is a member of `parent`. */
export interface GraphEdge {
  readonly parent: FullId;
  readonly child: FullId;
}

/** A role with its direct members, null when there is none. */
export async function readRole(sql: Sql, roleId: FullId): Promise<RoleJson | null> {
  const [role] = await sql<{ created_at: string; policy_id: FullId | null }[]>`
    select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"') as created_at, policy_id
    from roles where role_id = ${roleId}`;
  if (role === undefined) return null;
  const members = await readMembers(sql, roleId, { search: null, kinds: [], limit: null, offset: 0 });
  return {
    created_at: role.created_at,
    id: roleId,
    ...(role.policy_id === null ? {} : { policy: role.policy_id }),
    members,
  };
}

/**
 * Whether `caller` sees `roleId`: it is that role or a member of it, or the resource of that id is visible to it.
 * A caller that was deleted sees nothing.
 */
export async function isRoleVisible(
  sql: Sql | TransactionSql,
  caller: FullId,
  roleId: FullId,
): Promise<boolean> {
  const [row] = await sql<{ visible: boolean }[]>`
    select exists (select from roles where role_id = ${roleId})
      and (is_role_ancestor_of(${roleId}, ${caller}) or is_resource_visible(${roleId}, ${caller})) as visible`;
  return row?.visible ?? false;
}

/** The direct members of a role, ordered by member. */
export async function readMembers(
  sql: Sql,
  roleId: FullId,
  filter: MemberFilter,
): Promise<readonly GrantJson[]> {
  const rows = await sql<GrantRow[]>`
    select role_id, member_id, admin_option, ownership, policy_id from role_memberships
    where role_id = ${roleId} and ${matching(sql, 'member_id', filter)}
    order by member_id, ownership limit ${filter.limit} offset ${filter.offset}`;
  return rows.map(grantJson);
}

/** How many members `readMembers` would give without a limit. */
export async function countMembers(sql: Sql, roleId: FullId, filter: MemberFilter): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from role_memberships
    where role_id = ${roleId} and ${matching(sql, 'member_id', filter)}`;
  return row?.count ?? 0;
}

/** The roles that `roleId` is a direct member of, as grants; only those in `only`, where it is not null. */
export async function readMemberships(
  sql: Sql,
  roleId: FullId,
  filter: GrantFilter,
  only: readonly FullId[] | null,
): Promise<readonly GrantJson[]> {
  const rows = await sql<GrantRow[]>`
    select role_id, member_id, admin_option, ownership, policy_id from role_memberships
    where member_id = ${roleId} and ${matching(sql, 'role_id', filter)} and ${among(sql, only)}
    order by role_id, ownership`;
  return rows.map(grantJson);
}

/** All roles that `roleId` has, directly or not, itself included; only those in `only`, where it is not null. */
export async function readAllRoles(
  sql: Sql,
  roleId: FullId,
  only: readonly FullId[] | null,
): Promise<readonly FullId[]> {
  const rows = await sql<{ role_id: FullId }[]>`
    select role_id from all_roles(${roleId}) where ${among(sql, only)} order by role_id`;
  return rows.map((row) => row.role_id);
}

/**
 * The graph around a role: all memberships in the roles that it has and in the roles that have it, itself included. Only
 * those in roles whose resource `caller` sees.
 */
export async function readRoleGraph(sql: Sql, caller: FullId, roleId: FullId): Promise<readonly GraphEdge[]> {
  return sql<GraphEdge[]>`
    with recursive above(role_id) as (
      select ${roleId}::text collate "C"
      union
      select m.role_id from above a join role_memberships m on m.member_id = a.role_id
    ), below(role_id) as (
      select ${roleId}::text collate "C"
      union
      select m.member_id from below b join role_memberships m on m.role_id = b.role_id
    )
    select distinct m.role_id as parent, m.member_id as child
    from role_memberships m
    where m.role_id in (select role_id from above union select role_id from below)
      and m.role_id in (select resource_id from visible_resources(${caller}))
    order by parent, child`;
}

interface GrantRow {
  readonly role_id: FullId;
  readonly member_id: FullId;
  readonly admin_option: boolean;
  readonly ownership: boolean;
  readonly policy_id: FullId | null;
}

const matching = (sql: Sql, column: 'member_id' | 'role_id', filter: GrantFilter): Fragment => sql`
  (${filter.kinds.length === 0} or kind(${sql(column)}) in (select jsonb_array_elements_text(${sql.json([...filter.kinds])})))
  and (${filter.search}::text is null or exists (
    select from resources_textsearch t where t.resource_id = ${sql(column)}
      and t.textsearch @@ plainto_tsquery('english', translate(${filter.search}::text, './-', '   '))))`;

const among = (sql: Sql, only: readonly FullId[] | null): Fragment => sql`
  (${only === null} or role_id in (select jsonb_array_elements_text(${sql.json([...(only ?? [])])})))`;

function grantJson(row: GrantRow): GrantJson {
  return {
    admin_option: row.admin_option,
    ownership: row.ownership,
    role: row.role_id,
    member: row.member_id,
    ...(row.policy_id === null ? {} : { policy: row.policy_id }),
  };
}
