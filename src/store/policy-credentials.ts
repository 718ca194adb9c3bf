import type { FullId } from '../core/ids.ts';
import type { CreatedRole } from '../core/policy/types.ts';
import type { Secret } from '../core/secret.ts';
import { newApiKey } from './api-key.ts';
import { type DataKey, encrypt } from './cipher.ts';
import type { TransactionSql } from './connection.ts';
import { inChunks } from './policy-chunks.ts';

/** A role that a load has made, with the only copy of its API key in the clear. */
export interface NewRole {
  readonly roleId: FullId;
  readonly apiKey: Secret<string>;
}

/** Gives new users and hosts their credentials, each with an API key of its own. */
export async function createAllCredentials(
  sql: TransactionSql,
  dataKey: DataKey,
  created: readonly CreatedRole[],
): Promise<readonly NewRole[]> {
  const roles: NewRole[] = [];
  for (const chunk of inChunks(created)) {
    const rows = chunk.map(({ roleId, restrictedTo }) => {
      const apiKey = newApiKey();
      roles.push({ roleId, apiKey });
      const blob = encrypt(dataKey, Buffer.from(apiKey.reveal()), roleId);
      return { roleId, restrictedTo: [...restrictedTo], blob: blob.toString('base64') };
    });
    await sql`
      insert into credentials (role_id, api_key, restricted_to)
      select "roleId", decode(blob, 'base64'),
        (select coalesce(array_agg(value::cidr), '{}') from jsonb_array_elements_text("restrictedTo"))
      from jsonb_to_recordset(${sql.json(rows)}) as r("roleId" text, blob text, "restrictedTo" jsonb)`;
  }
  return roles;
}
