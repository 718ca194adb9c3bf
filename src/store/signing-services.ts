import { type FullId, fullId } from '../core/ids.ts';
import { Secret } from '../core/secret.ts';
import { type DataKey, decrypt } from './cipher.ts';
import type { Sql } from './connection.ts';

/** A certificate authority as its webservice is annotated; a part is null when it is not there. */
export interface SigningService {
  readonly chain: Buffer | null;
  readonly key: Secret<Buffer> | null;
  readonly keyPassword: Secret<Buffer> | null;
  /** As annotated: ISO 8601. */
  readonly maxTtl: string | null;
}

/** Reads the variables that the annotations of a webservice name. */
export async function readSigningService(
  sql: Sql,
  dataKey: DataKey,
  account: string,
  service: FullId,
): Promise<SigningService> {
  const rows = await sql<{ name: string; value: string }[]>`
    select name, value from annotations where resource_id = ${service} and starts_with(name, 'ca/')`;
  const notes = new Map(rows.map(({ name, value }) => [name, value]));
  const valueOf = async (annotation: string): Promise<Buffer | null> => {
    const variable = notes.get(annotation);
    if (variable === undefined || variable === '') return null;
    const id = fullId(account, 'variable', variable);
    const [row] = await sql<{ value: Buffer }[]>`
      select value from secrets where resource_id = ${id} order by version desc limit 1`;
    return row === undefined ? null : decrypt(dataKey, row.value, id);
  };
  const [chain, key, keyPassword] = await Promise.all(
    ['ca/certificate-chain', 'ca/private-key', 'ca/private-key-password'].map(valueOf),
  );
  const secret = (value: Buffer | null | undefined): Secret<Buffer> | null =>
    value === null || value === undefined ? null : new Secret(value);
  return {
    chain: chain ?? null,
    key: secret(key),
    keyPassword: secret(keyPassword),
    maxTtl: notes.get('ca/max_ttl') ?? null,
  };
}
