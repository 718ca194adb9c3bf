import type { FullId } from '../core/ids.ts';
import type { Sql, TransactionSql } from './connection.ts';

/** The policy that a role's resource was loaded by; null when there is no such resource, or no policy loaded it. */
export async function readPolicyOf(sql: Sql | TransactionSql, roleId: FullId): Promise<FullId | null> {
  const [row] = await sql<{ policy_id: FullId | null }[]>`
    select policy_id from resources where resource_id = ${roleId}`;
  return row?.policy_id ?? null;
}

/**
 * Grants a role, without admin option and by no policy. The transaction must hold off policy loads (`holdOffPolicies`).
 *
 * @returns false when the member has the grant already, whoever gave it
 */
export async function addMember(sql: TransactionSql, roleId: FullId, memberId: FullId): Promise<boolean> {
  const rows = await sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
    values (${roleId}, ${memberId}, false, false) on conflict do nothing returning 1`;
  return rows.length > 0;
}

/**
 * Takes a grant back, whoever gave it; where there is none, the membership that the member has as owner. The transaction
 * must hold off policy loads (`holdOffPolicies`).
 *
 * @returns what it was; null when the member has neither
 */
export async function removeMember(
  sql: TransactionSql,
  roleId: FullId,
  memberId: FullId,
): Promise<'grant' | 'ownership' | null> {
  const [row] = await sql<{ ownership: boolean }[]>`
    delete from role_memberships where role_id = ${roleId} and member_id = ${memberId} and ownership = (
      select bool_and(ownership) from role_memberships where role_id = ${roleId} and member_id = ${memberId})
    returning ownership`;
  if (row === undefined) return null;
  return row.ownership ? 'ownership' : 'grant';
}
