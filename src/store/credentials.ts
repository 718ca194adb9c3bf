import type { FullId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';
import { newApiKey } from './api-key.ts';
import { type DataKey, decrypt, encrypt } from './cipher.ts';
import type { Sql, TransactionSql } from './connection.ts';
import type { Store } from './open-store.ts';

/** What a role can prove itself with. */
export interface Credentials {
  /** Null: the role has none (a group, or a host without an API key). */
  readonly apiKey: Secret<Buffer> | null;
  readonly passwordHash: Secret<string> | null;
  /** Whether the address may be where the role comes from (`restricted_to`). */
  readonly originAllowed: boolean;
  /** What a token of the role has to carry. */
  readonly incarnation: string;
  /** Of the key pair that signs the account's tokens now; null: the account has none. */
  readonly keyFingerprint: string | null;
}

/**
 * The credentials of a role, decrypted; null when there is no such role.
 *
 * @param address of the caller, as PostgreSQL's inet reads it
 */
export async function readCredentials(
  store: Store,
  roleId: FullId,
  address: string,
): Promise<Credentials | null> {
  type Row = {
    api_key: Buffer | null;
    encrypted_hash: Buffer | null;
    origin_allowed: boolean;
    incarnation: string;
    fingerprint: string | null;
  };
  const [row] = await store.reads.run(
    (sql) => sql<Row[]>`
      select c.api_key, c.encrypted_hash,
        coalesce(cardinality(c.restricted_to) = 0 or ${address}::inet <<= any (c.restricted_to), true) as origin_allowed,
        r.incarnation, k.fingerprint
      from roles r left join credentials c using (role_id)
      left join slosilo_keystore k on k.id = 'authn:' || account(r.role_id) where r.role_id = ${roleId}`,
  );
  if (row === undefined) return null;
  const open = (blob: Buffer): Buffer => decrypt(store.dataKey, blob, roleId);
  return {
    apiKey: row.api_key === null ? null : new Secret(open(row.api_key)),
    passwordHash: row.encrypted_hash === null ? null : new Secret(open(row.encrypted_hash).toString()),
    originAllowed: row.origin_allowed,
    incarnation: row.incarnation,
    keyFingerprint: row.fingerprint,
  };
}

/** The API key of a role, as far as others may know of it. */
export type KeyState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'without credentials' }
  | { readonly kind: 'without key' | 'with key'; readonly updatedAtMs: number };

/** Whether a role exists and has an API key, and when its credentials were last changed. */
export async function readKeyState(sql: Sql | TransactionSql, roleId: FullId): Promise<KeyState> {
  const [row] = await sql<{ has: boolean; keyed: boolean; updated_at_ms: number | null }[]>`
    select c.role_id is not null as has, c.api_key is not null as keyed,
      (extract(epoch from c.updated_at) * 1000)::float8 as updated_at_ms
    from roles r left join credentials c using (role_id) where r.role_id = ${roleId}`;
  if (row === undefined) return { kind: 'missing' };
  if (!row.has) return { kind: 'without credentials' };
  return { kind: row.keyed ? 'with key' : 'without key', updatedAtMs: row.updated_at_ms ?? 0 };
}

/**
 * Gives a role that has credentials a new API key. The old one is worth nothing from the commit on.
 *
 * @throws Problem `record_not_found` when somebody has deleted the role meanwhile
 */
export async function rotateApiKey(
  sql: TransactionSql,
  dataKey: DataKey,
  roleId: FullId,
): Promise<Secret<string>> {
  const key = newApiKey();
  const rows = await sql`update credentials
    set api_key = ${encrypt(dataKey, Buffer.from(key.reveal()), roleId)}, updated_at = transaction_timestamp()
    where role_id = ${roleId} returning 1`;
  if (rows.length === 0) throw new Problem('record_not_found', 'The role was deleted meanwhile.');
  return key;
}

/** Creates the credentials of a new role, with a new API key. */
export async function createCredentials(
  sql: TransactionSql,
  dataKey: DataKey,
  roleId: FullId,
  restrictedTo: readonly string[],
): Promise<Secret<string>> {
  const key = newApiKey();
  await sql`insert into credentials (role_id, api_key, restricted_to)
    values (${roleId}, ${encrypt(dataKey, Buffer.from(key.reveal()), roleId)},
      (select coalesce(array_agg(value::cidr), '{}') from jsonb_array_elements_text(${sql.json([...restrictedTo])})))`;
  return key;
}

/** Stores the hash of a new password; the API key stays. */
export async function storePasswordHash(
  sql: TransactionSql,
  dataKey: DataKey,
  roleId: FullId,
  hash: string,
): Promise<void> {
  await sql`update credentials
    set encrypted_hash = ${encrypt(dataKey, Buffer.from(hash), roleId)}, updated_at = transaction_timestamp()
    where role_id = ${roleId}`;
}
