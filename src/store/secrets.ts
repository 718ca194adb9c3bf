import type { FullId } from '../core/ids.ts';
import { isSameSecret } from './api-key.ts';
import { type DataKey, decrypt, encrypt } from './cipher.ts';
import type { TransactionSql } from './connection.ts';
import type { Store } from './open-store.ts';

/** How many versions of a secret are kept, the newest ones. */
const versionsKept = 20;

/** What one statement answers about a read of one secret. */
export interface SecretRead {
  /** False when the role of a still valid token has been deleted. */
  readonly callerExists: boolean;
  readonly visible: boolean;
  readonly allowed: boolean;
  /** Null when the variable has no value (of that version). */
  readonly value: Buffer | null;
  readonly mimeType: string | null;
}

interface SecretRow {
  readonly caller_exists: boolean;
  readonly owned: boolean;
  readonly granted: readonly string[] | null;
  readonly value: Buffer | null;
  readonly mime_type: string | null;
}

/**
 * The hot path: visibility, privilege `execute` and value in one prepared statement.
 *
 * @param request.version null for the newest
 */
export async function readSecret(
  store: Store,
  request: { readonly caller: FullId; readonly resourceId: FullId; readonly version: number | null },
): Promise<SecretRead> {
  const { caller, resourceId, version } = request;
  const [row] = await store.reads.run(
    (sql) => sql<SecretRow[]>`
      with recursive reached(role_id) as (
        select role_id from roles where role_id = ${caller}
        union
        select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
      )
      select exists (select from reached) as caller_exists,
        coalesce(x.owner_id in (select role_id from reached), false) as owned,
        (select array_agg(p.privilege) from permissions p
         where p.resource_id = x.resource_id and p.role_id in (select role_id from reached)) as granted,
        (select s.value from secrets s
         where s.resource_id = x.resource_id and (${version}::int is null or s.version = ${version}::int)
         order by s.version desc limit 1) as value,
        (select a.value from annotations a
         where a.resource_id = x.resource_id and a.name = 'conjur/mime_type') as mime_type
      from (select) one left join resources x on x.resource_id = ${resourceId}`,
  );
  if (row === undefined) return nothing;
  const granted = row.granted ?? [];
  const allowed = row.owned || granted.includes('execute');
  return {
    callerExists: row.caller_exists,
    visible: row.owned || granted.length > 0,
    allowed,
    value: allowed && row.value !== null ? decrypt(store.dataKey, row.value, resourceId) : null,
    mimeType: row.mime_type,
  };
}

const nothing: SecretRead = {
  callerExists: false,
  visible: false,
  allowed: false,
  value: null,
  mimeType: null,
};

/** One entry of a batch read. */
export interface BatchEntry {
  readonly id: FullId;
  readonly exists: boolean;
  readonly allowed: boolean;
  /** Null when it is not allowed, not there, or has no value. */
  readonly value: Buffer | null;
}

/** Reads the newest values of several variables, in the order asked for. `callerExists` as in `readSecret`. */
export async function readSecrets(
  store: Store,
  caller: FullId,
  ids: readonly FullId[],
): Promise<{ readonly callerExists: boolean; readonly entries: readonly BatchEntry[] }> {
  type Row = { caller_exists: boolean; id: FullId; there: boolean; allowed: boolean; value: Buffer | null };
  const rows = await store.reads.run(
    (sql) => sql<Row[]>`
      with recursive reached(role_id) as (
        select role_id from roles where role_id = ${caller}
        union
        select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
      )
      select exists (select from reached) as caller_exists, asked.id, x.resource_id is not null as there,
        coalesce(x.owner_id in (select role_id from reached), false) or exists (
          select from permissions p where p.resource_id = x.resource_id and p.privilege = 'execute'
            and p.role_id in (select role_id from reached)) as allowed,
        (select s.value from secrets s where s.resource_id = x.resource_id order by s.version desc limit 1) as value
      from jsonb_array_elements_text(${sql.json([...ids])}) with ordinality as asked(id, position)
      left join resources x on x.resource_id = asked.id collate "C"
      order by asked.position`,
  );
  const entries = rows.map((row) => ({
    id: row.id,
    exists: row.there,
    allowed: row.allowed,
    value: row.allowed && row.value !== null ? decrypt(store.dataKey, row.value, row.id) : null,
  }));
  return { callerExists: rows.every((row) => row.caller_exists), entries };
}

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
  await sql`update secrets set expires_at = null where resource_id = ${resourceId}`;
}
