import type { StoredAuthenticator } from '../core/authn/authenticator-json.ts';
import { type FullId, fullId, splitFullId } from '../core/ids.ts';
import { mayDo, reached } from './access.ts';
import { type DataKey, decrypt } from './cipher.ts';
import type { Sql, TransactionSql } from './connection.ts';

export interface AuthenticatorFilter {
  readonly account: string;
  /** `authn-jwt`; null: all. */
  readonly type: string | null;
  /** One webservice; null: all. */
  readonly webserviceId: FullId | null;
  readonly limit: number | null;
  readonly offset: number;
}

interface ServiceRow {
  readonly webserviceId: FullId;
  readonly ownerId: FullId;
  readonly enabled: boolean;
  readonly annotations: Readonly<Record<string, string>> | null;
  /** In base64. */
  readonly values: Readonly<Record<string, string | null>> | null;
}

/** A page past the end is one row that has the count and nothing else. */
type Row = (ServiceRow | { readonly webserviceId: null }) & { readonly count: number };

const isService = (row: Row): row is ServiceRow & { readonly count: number } => row.webserviceId !== null;

/**
 * The services whose webservice `role` sees, ordered by id, and how many there are without a limit.
 *
 * @param variables names of those that are read along
 */
export async function readAuthenticators(
  sql: Sql | TransactionSql,
  dataKey: DataKey,
  role: FullId,
  filter: AuthenticatorFilter,
  variables: readonly string[],
): Promise<{ readonly found: readonly StoredAuthenticator[]; readonly count: number }> {
  const { account, type, webserviceId, limit, offset } = filter;
  const rows = await sql<Row[]>`
    with recursive ${reached(sql, role)}, seen as materialized (
      select x.resource_id, x.owner_id from resources x
      where x.resource_id >= ${`${account}:webservice:conjur/authn-`}
        and x.resource_id < ${`${account}:webservice:conjur/authn.`}
        and identifier(x.resource_id) ~ '^conjur/authn-[^/]+(/[^/]+)?$' and identifier(x.resource_id) !~ '/status$'
        and (${type}::text is null or split_part(identifier(x.resource_id), '/', 2) = ${type})
        and (${webserviceId}::text is null or x.resource_id = ${webserviceId})
        and ${mayDo(sql, null)})
    select s.resource_id as "webserviceId", s.owner_id as "ownerId", coalesce(c.enabled, false) as enabled,
      (select jsonb_object_agg(a.name, a.value) from annotations a where a.resource_id = s.resource_id) as annotations,
      (select jsonb_object_agg(n.name, (
          select encode(e.value, 'base64') from secrets e
          where e.resource_id = x.resource_id order by e.version desc limit 1))
       from jsonb_array_elements_text(${sql.json([...variables])}) n(name)
       join resources x on x.resource_id
         = (${`${account}:variable:`}::text || identifier(s.resource_id) || '/' || n.name) collate "C") as values,
      t.count
    from (select count(*)::int as count from seen) t
    left join (select * from seen order by resource_id limit ${limit} offset ${offset}) s on true
    left join authenticator_configs c using (resource_id)
    order by s.resource_id`;
  const found = rows.flatMap((row) => (isService(row) ? [stored(dataKey, row)] : []));
  return { found, count: rows[0]?.count ?? 0 };
}

function stored(dataKey: DataKey, row: ServiceRow): StoredAuthenticator {
  const { account, identifier } = splitFullId(row.webserviceId);
  const open = ([name, value]: [string, string | null]): [string, string | null] => {
    const id = fullId(account, 'variable', `${identifier}/${name}`);
    return [name, value === null ? null : decrypt(dataKey, Buffer.from(value, 'base64'), id).toString()];
  };
  return {
    webserviceId: row.webserviceId,
    ownerId: row.ownerId,
    enabled: row.enabled,
    annotations: row.annotations ?? {},
    values: new Map(Object.entries(row.values ?? {}).map(open)),
  };
}
