import type { FullId } from '../core/ids.ts';
import type { DataKey } from './cipher.ts';
import type { Fragment, Sql, TransactionSql } from './connection.ts';
import { decryptHostFactoryToken } from './host-factory-tokens.ts';

/** A resource as the wire shows it; its fields beyond the common ones depend on the kind. */
export type ResourceJson = Readonly<Record<string, unknown>>;

export interface ResourceFilter {
  /** Null: of all accounts. */
  readonly account: string | null;
  readonly kind: string | null;
  /** Owned by this role, or by one that it has. */
  readonly owner: FullId | null;
  readonly search: string | null;
  /** Null: no limit (counting). */
  readonly limit: number | null;
  readonly offset: number;
}

/** The resources that `role` sees, ordered by id. */
export async function listResources(
  sql: Sql,
  dataKey: DataKey,
  role: FullId,
  filter: ResourceFilter,
): Promise<readonly ResourceJson[]> {
  const rows = await sql<{ json: ResourceJson }[]>`
    select ${json(sql)} as json from (
      select v.* from visible_resources(${role}) v where ${matching(sql, filter)}
      order by v.resource_id limit ${filter.limit} offset ${filter.offset}) x
    order by x.resource_id`;
  return rows.map((row) => withTokens(dataKey, row.json));
}

/** How many resources `listResources` would give without a limit. */
export async function countResources(sql: Sql, role: FullId, filter: ResourceFilter): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from visible_resources(${role}) v where ${matching(sql, filter)}`;
  return row?.count ?? 0;
}

/** One resource, null when there is none. */
export async function readResource(
  sql: Sql | TransactionSql,
  dataKey: DataKey,
  resourceId: FullId,
): Promise<ResourceJson | null> {
  const [row] = await sql<{ json: ResourceJson }[]>`
    select ${json(sql)} as json from resources x where x.resource_id = ${resourceId}`;
  return row === undefined ? null : withTokens(dataKey, row.json);
}

/** The tokens of a host factory in the clear, as Conjur shows them to whoever sees the factory. */
function withTokens(dataKey: DataKey, json: ResourceJson): ResourceJson {
  const { tokens } = json;
  if (!Array.isArray(tokens)) return json;
  const clear = tokens.map((row: { readonly token: string }) => ({
    ...row,
    token: decryptHostFactoryToken(dataKey, row.token).reveal(),
  }));
  return { ...json, tokens: clear };
}

/** The ids of all roles that have `privilege` on a resource, by ownership or permission, directly or not. */
export async function rolesThatCan(
  sql: Sql,
  privilege: string,
  resourceId: FullId,
): Promise<readonly FullId[]> {
  const rows = await sql<{ role_id: FullId }[]>`
    select role_id from roles_that_can(${privilege}, ${resourceId}) order by role_id`;
  return rows.map((row) => row.role_id);
}

/** The values of the public keys of `<kind>/<login>`: encrypted like any secret. */
export async function readPublicKeys(
  sql: Sql,
  prefix: FullId,
): Promise<readonly { readonly id: FullId; readonly value: Buffer }[]> {
  return sql<{ id: FullId; value: Buffer }[]>`
    select x.resource_id as id,
      (select s.value from secrets s where s.resource_id = x.resource_id order by s.version desc limit 1) as value
    from resources x
    where starts_with(x.resource_id, ${prefix}) and exists (select from secrets s where s.resource_id = x.resource_id)
    order by x.resource_id`;
}

const matching = (sql: Sql, filter: ResourceFilter): Fragment => sql`
  (${filter.account}::text is null or account(v.resource_id) = ${filter.account})
  and (${filter.kind}::text is null or kind(v.resource_id) = ${filter.kind})
  and (${filter.owner}::text is null or v.owner_id in (select role_id from all_roles(${filter.owner})))
  and (${filter.search}::text is null or exists (
    select from resources_textsearch t where t.resource_id = v.resource_id
      and t.textsearch @@ plainto_tsquery('english', translate(${filter.search}::text, './-', '   '))))`;

/** The wire form of the resource row `x`. */
const json = (sql: Sql | TransactionSql): Fragment => sql`
  jsonb_strip_nulls(jsonb_build_object(
    'created_at', ${iso(sql, 'x.created_at')}, 'id', x.resource_id, 'owner', x.owner_id, 'policy', x.policy_id,
    'permissions', coalesce((
      select jsonb_agg(jsonb_build_object('privilege', p.privilege, 'role', p.role_id, 'policy', p.policy_id)
        order by p.role_id, p.privilege)
      from permissions p where p.resource_id = x.resource_id), '[]'),
    'annotations', coalesce((
      select jsonb_agg(jsonb_build_object('name', a.name, 'value', a.value, 'policy', a.policy_id) order by a.name)
      from annotations a where a.resource_id = x.resource_id), '[]')))
  || case kind(x.resource_id)
    when 'variable' then jsonb_build_object('secrets', coalesce((
      select jsonb_agg(jsonb_build_object('version', s.version, 'expires_at', ${iso(sql, 's.expires_at')}) order by s.version)
      from secrets s where s.resource_id = x.resource_id), '[]'))
    when 'policy' then jsonb_build_object('policy_versions', coalesce((
      select jsonb_agg(jsonb_build_object('id', v.resource_id, 'version', v.version, 'role', v.role_id,
        'created_at', ${iso(sql, 'v.created_at')}, 'policy_text', v.policy_text, 'policy_sha256', v.policy_sha256,
        'finished_at', ${iso(sql, 'v.finished_at')}, 'client_ip', host(v.client_ip)) order by v.version)
      from policy_versions v where v.resource_id = x.resource_id), '[]'))
    when 'host_factory' then jsonb_build_object('tokens', coalesce((
      select jsonb_agg(jsonb_build_object('expiration', to_char(t.expiration at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'cidr', to_jsonb(t.cidr::text[]), 'token', encode(t.token, 'base64')) order by t.expiration, t.token_sha256)
      from host_factory_tokens t where t.resource_id = x.resource_id), '[]'),
      'layers', coalesce((
      select jsonb_agg(distinct m.role_id order by m.role_id)
      from role_memberships m where m.member_id = x.resource_id and kind(m.role_id) = 'layer'), '[]'))
    when 'user' then ${restrictedTo(sql)}
    when 'host' then ${restrictedTo(sql)}
    else '{}' end`;

const iso = (
  sql: Sql | TransactionSql,
  column: 'x.created_at' | 's.expires_at' | 'v.created_at' | 'v.finished_at',
): Fragment => sql`to_char(${sql(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"')`;

const restrictedTo = (sql: Sql | TransactionSql): Fragment => sql`
  jsonb_build_object('restricted_to', coalesce((
    select to_jsonb(c.restricted_to::text[]) from credentials c where c.role_id = x.resource_id), '[]'))`;
