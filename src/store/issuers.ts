import type { FullId } from '../core/ids.ts';
import { dynamicVariables, issuerPolicy, type Issuer } from '../core/issuers/issuer.ts';
import type { AwsData, IssuerUpdate, NewIssuer } from '../core/issuers/issuer-input.ts';
import { type DataKey, decrypt, encrypt } from './cipher.ts';
import type { Fragment, Sql, TransactionSql } from './connection.ts';

/** An issuer with the part of its credentials that may be shown. */
export interface StoredIssuer extends Issuer {
  readonly accessKeyId: string;
}

/** One issuer; null when there is none. */
export async function readIssuer(
  sql: Sql | TransactionSql,
  dataKey: DataKey,
  account: string,
  id: string,
): Promise<StoredIssuer | null> {
  const [row] = await sql<Row[]>`
    select ${columns(sql)} from issuers where account = ${account} and issuer_id = ${id}`;
  return row === undefined ? null : opened(dataKey, row);
}

/** All issuers of an account, ordered by id. */
export async function listIssuers(
  sql: Sql,
  dataKey: DataKey,
  account: string,
): Promise<readonly StoredIssuer[]> {
  const rows = await sql<Row[]>`
    select ${columns(sql)} from issuers where account = ${account} order by issuer_id`;
  return rows.map((row) => opened(dataKey, row));
}

/** Stores a new issuer, whose policy is there already. */
export async function insertIssuer(
  sql: TransactionSql,
  dataKey: DataKey,
  account: string,
  { id, type, maxTtl, data }: NewIssuer,
): Promise<void> {
  await sql`insert into issuers (account, issuer_id, issuer_type, max_ttl, data, policy_id)
    values (${account}, ${id}, ${type}, ${maxTtl}, ${sealed(dataKey, id, data)}, ${issuerPolicy(account, id)})`;
}

/** Changes what `update` names. */
export async function updateIssuer(
  sql: TransactionSql,
  dataKey: DataKey,
  { account, id }: Issuer,
  { maxTtl, data }: IssuerUpdate,
): Promise<void> {
  const blob = data === null ? null : sealed(dataKey, id, data);
  await sql`update issuers set modified_at = transaction_timestamp(),
      max_ttl = coalesce(${maxTtl}::int, max_ttl), data = coalesce(${blob}::bytea, data)
    where account = ${account} and issuer_id = ${id}`;
}

/** The id of the issuer that gives a variable its values; null when there is none, or it is gone. */
export async function issuerOfVariable(sql: Sql, variable: FullId): Promise<string | null> {
  const [row] = await sql<{ issuer_id: string }[]>`
    select i.issuer_id from annotations a
    join issuers i on i.account = account(a.resource_id) and i.issuer_id = a.value collate "C"
    where a.resource_id = ${variable} and a.name = 'dynamic/issuer'`;
  return row?.issuer_id ?? null;
}

/** The dynamic variables whose values an issuer gives. */
export async function issuerVariables(
  sql: TransactionSql,
  account: string,
  id: string,
): Promise<readonly FullId[]> {
  const rows = await sql<{ resource_id: FullId }[]>`
    select resource_id from annotations
    where name = 'dynamic/issuer' and value = ${id} and starts_with(resource_id, ${dynamicVariables(account)})
      and resource_id >= ${`${account}:`} and resource_id < ${`${account};`}
    order by resource_id`;
  return rows.map((row) => row.resource_id);
}

/** Deletes variables with all that belongs to them. */
export async function deleteVariables(sql: TransactionSql, ids: readonly FullId[]): Promise<void> {
  await sql`delete from resources
    where resource_id in (select value collate "C" from jsonb_array_elements_text(${sql.json([...ids])}))`;
}

interface Row extends Issuer {
  readonly blob: Buffer;
}

const columns = (sql: Sql | TransactionSql): Fragment => sql`
  issuer_id as id, account, issuer_type as type, max_ttl as "maxTtl", data as blob,
  to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"') as "createdAt",
  to_char(modified_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"') as "modifiedAt"`;

function sealed(dataKey: DataKey, id: string, data: AwsData): Buffer {
  return encrypt(dataKey, Buffer.from(JSON.stringify(data)), id);
}

function opened(dataKey: DataKey, { blob, ...issuer }: Row): StoredIssuer {
  const data: unknown = JSON.parse(decrypt(dataKey, blob, issuer.id).toString());
  const has = typeof data === 'object' && data !== null && 'access_key_id' in data;
  return { ...issuer, accessKeyId: has ? String(data.access_key_id) : '' };
}
