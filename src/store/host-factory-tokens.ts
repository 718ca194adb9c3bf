import { createHash } from 'node:crypto';
import type { FullId } from '../core/ids.ts';
import { Secret } from '../core/secret.ts';
import { isSameSecret, newApiKey } from './api-key.ts';
import { type DataKey, decrypt, encrypt } from './cipher.ts';
import type { Sql, TransactionSql } from './connection.ts';

/** What a host factory token stands for. */
export interface HostFactoryToken {
  readonly factoryId: FullId;
  /** Networks that it may be used from; empty: from anywhere. */
  readonly cidr: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** Conjur binds these blobs to nothing. */
const boundTo = '';

/** Makes tokens that differ in nothing but their text. The factory must exist. */
export async function createHostFactoryTokens(
  sql: TransactionSql,
  dataKey: DataKey,
  token: HostFactoryToken,
  count: number,
): Promise<readonly Secret<string>[]> {
  const made = Array.from({ length: count }, () => newApiKey());
  const rows = made.map((secret) => ({
    sha256: sha256(secret.reveal()),
    blob: encrypt(dataKey, Buffer.from(secret.reveal()), boundTo).toString('base64'),
  }));
  await sql`insert into host_factory_tokens (token_sha256, token, resource_id, cidr, expiration)
    select sha256, decode(blob, 'base64'), ${token.factoryId}, (
      select coalesce(array_agg(value::cidr order by n), '{}')
      from jsonb_array_elements_text(${sql.json([...token.cidr])}) with ordinality as c(value, n)),
      to_timestamp(${token.expiresAtMs / 1000})
    from jsonb_to_recordset(${sql.json(rows)}) as r(sha256 text, blob text)`;
  return made;
}

/**
 * What a token stands for, expired or not; null when it is none. Until the transaction ends nobody can revoke it, or
 * delete its factory.
 */
export async function holdHostFactoryToken(
  sql: TransactionSql,
  dataKey: DataKey,
  token: Secret<string>,
): Promise<HostFactoryToken | null> {
  type Row = { token: Buffer; resource_id: FullId; cidr: readonly string[]; expires_at_ms: number };
  const [row] = await sql<Row[]>`
    select token, resource_id, to_jsonb(cidr::text[]) as cidr,
      (extract(epoch from expiration) * 1000)::float8 as expires_at_ms
    from host_factory_tokens where token_sha256 = ${sha256(token.reveal())} for key share`;
  if (row === undefined) return null;
  if (!isSameSecret(Buffer.from(token.reveal()), decrypt(dataKey, row.token, boundTo))) return null;
  return { factoryId: row.resource_id, cidr: row.cidr, expiresAtMs: row.expires_at_ms };
}

/** The factory of a token; null when there is no such token. */
export async function readFactoryOfToken(
  sql: Sql | TransactionSql,
  token: Secret<string>,
): Promise<FullId | null> {
  const [row] = await sql<{ resource_id: FullId }[]>`
    select resource_id from host_factory_tokens where token_sha256 = ${sha256(token.reveal())}`;
  return row?.resource_id ?? null;
}

/** Whether the token was there to be deleted. */
export async function deleteHostFactoryToken(sql: TransactionSql, token: Secret<string>): Promise<boolean> {
  const rows =
    await sql`delete from host_factory_tokens where token_sha256 = ${sha256(token.reveal())} returning 1`;
  return rows.length > 0;
}

/** A token as `createHostFactoryTokens` has encrypted it, from base64. */
export function decryptHostFactoryToken(dataKey: DataKey, blob: string): Secret<string> {
  return new Secret(decrypt(dataKey, Buffer.from(blob, 'base64'), boundTo).toString());
}

function sha256(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
