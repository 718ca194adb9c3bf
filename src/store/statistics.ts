import type { Sql } from './connection.ts';

/** How many things there are, of all accounts. */
export interface Statistics {
  readonly roles: Readonly<Record<string, number>>;
  readonly resources: Readonly<Record<string, number>>;
  /** Authenticators that a policy has set up, by type (`authn-jwt`). */
  readonly authenticators: Readonly<Record<string, number>>;
}

/** Counts roles and resources by kind. It reads both tables: not for every request. */
export async function readStatistics(sql: Sql): Promise<Statistics> {
  const [row] = await sql<Statistics[]>`
    select
      (select coalesce(jsonb_object_agg(kind, n), '{}') from (
        select kind(role_id), count(*) as n from roles group by 1) r) as roles,
      (select coalesce(jsonb_object_agg(kind, n), '{}') from (
        select kind(resource_id), count(*) as n from resources group by 1) x) as resources,
      (select coalesce(jsonb_object_agg(type, n), '{}') from (
        select split_part(identifier(resource_id), '/', 2) as type, count(*) as n from resources
        where kind(resource_id) = 'webservice' and starts_with(identifier(resource_id), 'conjur/authn-')
          and identifier(resource_id) not like '%/status'
        group by 1) a) as authenticators`;
  return row ?? { roles: {}, resources: {}, authenticators: {} };
}
