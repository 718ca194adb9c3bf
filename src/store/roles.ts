import type { FullId } from '../core/ids.ts';
import type { Sql } from './connection.ts';

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

export interface MemberFilter {
  readonly search: string | null;
  /** Empty: all kinds. */
  readonly kinds: readonly string[];
  readonly limit: number | null;
  readonly offset: number;
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
export async function isRoleVisible(sql: Sql, caller: FullId, roleId: FullId): Promise<boolean> {
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
    where ${matching(sql, roleId, filter)}
    order by member_id, ownership limit ${filter.limit} offset ${filter.offset}`;
  return rows.map(grantJson);
}

/** How many members `readMembers` would give without a limit. */
export async function countMembers(sql: Sql, roleId: FullId, filter: MemberFilter): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from role_memberships where ${matching(sql, roleId, filter)}`;
  return row?.count ?? 0;
}

/** The roles that `roleId` is a direct member of, as grants. */
export async function readMemberships(sql: Sql, roleId: FullId): Promise<readonly GrantJson[]> {
  const rows = await sql<GrantRow[]>`
    select role_id, member_id, admin_option, ownership, policy_id from role_memberships
    where member_id = ${roleId} order by role_id, ownership`;
  return rows.map(grantJson);
}

/** All roles that `roleId` has, directly or not, itself included; only those in `filter` when it names any. */
export async function readAllRoles(
  sql: Sql,
  roleId: FullId,
  filter: readonly string[],
): Promise<readonly FullId[]> {
  const rows = await sql<{ role_id: FullId }[]>`
    select role_id from all_roles(${roleId})
    where ${filter.length === 0} or role_id in (select jsonb_array_elements_text(${sql.json([...filter])}))
    order by role_id`;
  return rows.map((row) => row.role_id);
}

interface GrantRow {
  readonly role_id: FullId;
  readonly member_id: FullId;
  readonly admin_option: boolean;
  readonly ownership: boolean;
  readonly policy_id: FullId | null;
}

const matching = (sql: Sql, roleId: FullId, filter: MemberFilter) => sql`
  role_id = ${roleId}
  and (${filter.kinds.length === 0} or kind(member_id) in (select jsonb_array_elements_text(${sql.json([...filter.kinds])})))
  and (${filter.search}::text is null
       or to_tsvector('english', translate(identifier(member_id), './-', '   '))
          @@ plainto_tsquery('english', translate(${filter.search}::text, './-', '   ')))`;

function grantJson(row: GrantRow): GrantJson {
  return {
    admin_option: row.admin_option,
    ownership: row.ownership,
    role: row.role_id,
    member: row.member_id,
    ...(row.policy_id === null ? {} : { policy: row.policy_id }),
  };
}
