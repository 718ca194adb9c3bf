import type { FullId } from '../core/ids.ts';
import { isSameSecret } from './api-key.ts';
import { type DataKey, decrypt, encrypt } from './cipher.ts';
import type { TransactionSql } from './connection.ts';

/** How many versions of a secret are kept, the newest ones. */
export const versionsKept = 20;

/**
 * Writes a value as the next version, unless the newest version has the same value already, and drops versions past the
 * twentieth. The row of the resource is locked, so that two writers of one variable count one after the other.
 */
export async function writeSecret(
  sql: TransactionSql,
  dataKey: DataKey,
  resourceId: FullId,
  value: Buffer,
): Promise<void> {
  await sql`select from resources where resource_id = ${resourceId} for no key update`;
  const [newest] = await sql<{ version: number; value: Buffer }[]>`
    select version, value from secrets where resource_id = ${resourceId} order by version desc limit 1`;
  if (newest !== undefined && isSameSecret(value, decrypt(dataKey, newest.value, resourceId))) return;
  const version = (newest?.version ?? 0) + 1;
  await sql`insert into secrets (resource_id, version, value)
    values (${resourceId}, ${version}, ${encrypt(dataKey, value, resourceId)})`;
  if (version > versionsKept) {
    await sql`delete from secrets where resource_id = ${resourceId} and version <= ${version - versionsKept}`;
  }
}

/** Takes the expiration from all versions of a variable. */
export async function clearExpirations(sql: TransactionSql, resourceId: FullId): Promise<void> {
  await sql`select from resources where resource_id = ${resourceId} for no key update`; // as every writer of secrets
  await sql`update secrets set expires_at = null where resource_id = ${resourceId}`;
}
