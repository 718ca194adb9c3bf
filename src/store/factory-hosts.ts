import type { FullId } from '../core/ids.ts';
import type { Secret } from '../core/secret.ts';
import type { DataKey } from './cipher.ts';
import type { TransactionSql } from './connection.ts';
import { createCredentials, rotateApiKey } from './credentials.ts';

/** A host that a factory is asked for. */
export interface WantedHost {
  readonly hostId: FullId;
  readonly factoryId: FullId;
  readonly annotations: ReadonlyMap<string, string>;
  /** False: the host gets no API key. */
  readonly withApiKey: boolean;
}

export type FactoryHost =
  | { readonly kind: 'created' | 'rotated'; readonly apiKey: Secret<string> | null }
  /** The id is taken by a host that the factory does not own. */
  | { readonly kind: 'foreign' };

/**
 * Makes a host that the factory owns and that has the factory's layers, or gives one that the factory owns already a new
 * API key. What it writes belongs to no policy. The transaction must hold off policy loads (`holdOffPolicies`).
 */
export async function makeFactoryHost(
  sql: TransactionSql,
  dataKey: DataKey,
  host: WantedHost,
): Promise<FactoryHost> {
  const { hostId, factoryId, withApiKey } = host;
  // Of two that ask for one host at once, the later waits here and then finds it made.
  const fresh = await sql`insert into roles (role_id) values (${hostId}) on conflict do nothing returning 1`;
  if (fresh.length === 0) return rotateOwn(sql, dataKey, host);
  const resource = await sql`insert into resources (resource_id, owner_id) values (${hostId}, ${factoryId})
    on conflict do nothing returning 1`;
  if (resource.length === 0) return { kind: 'foreign' };
  await sql`insert into role_memberships (role_id, member_id, admin_option, ownership)
    select ${hostId}, ${factoryId}, true, true
    union
    select role_id, ${hostId}, false, false from role_memberships
    where member_id = ${factoryId} and kind(role_id) = 'layer'`;
  const annotations = [...host.annotations].map(([name, value]) => ({ name, value }));
  await sql`insert into annotations (resource_id, name, value)
    select ${hostId}, name, value from jsonb_to_recordset(${sql.json(annotations)}) as r(name text, value text)`;
  const apiKey = await createCredentials(sql, dataKey, hostId, []);
  if (withApiKey) return { kind: 'created', apiKey };
  await sql`update credentials set api_key = null where role_id = ${hostId}`;
  return { kind: 'created', apiKey: null };
}

async function rotateOwn(
  sql: TransactionSql,
  dataKey: DataKey,
  { hostId, factoryId }: WantedHost,
): Promise<FactoryHost> {
  const [resource] = await sql<{ owner_id: FullId }[]>`
    select owner_id from resources where resource_id = ${hostId}`;
  if (resource?.owner_id !== factoryId) return { kind: 'foreign' };
  await sql`insert into credentials (role_id) values (${hostId}) on conflict do nothing`;
  return { kind: 'rotated', apiKey: await rotateApiKey(sql, dataKey, hostId) };
}
