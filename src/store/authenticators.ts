import { type Service, variableOf, webserviceOf } from '../core/authn/service.ts';
import type { FullId } from '../core/ids.ts';
import { decrypt } from './cipher.ts';
import type { Sql, TransactionSql } from './connection.ts';
import type { Store } from './open-store.ts';

/** What the database says of a service. */
export interface ServiceRow {
  /** Whether its webservice exists. */
  readonly exists: boolean;
  readonly enabled: boolean;
  /** Its configuration by the names of variables: null where one has no value; those that do not exist are not in it. */
  readonly values: ReadonlyMap<string, string | null>;
}

/**
 * Reads a service with the variables of these names, in one statement: what was changed before is seen.
 *
 * @param variables their names below the webservice
 */
export async function readService(
  store: Store,
  service: Service,
  variables: readonly string[],
): Promise<ServiceRow> {
  type Row = { exists: boolean; enabled: boolean; found: Record<string, string | null> | null };
  const webserviceId = webserviceOf(service);
  const prefix = variableOf(service, '');
  const [row] = await store.reads.run(
    (sql) => sql<Row[]>`
      select exists (select from resources where resource_id = ${webserviceId}) as exists,
        coalesce((select enabled from authenticator_configs where resource_id = ${webserviceId}), false) as enabled,
        (select jsonb_object_agg(n.name, (
            select encode(s.value, 'base64') from secrets s
            where s.resource_id = x.resource_id order by s.version desc limit 1))
         from jsonb_array_elements_text(${sql.json([...variables])}) n(name)
         join resources x on x.resource_id = (${prefix}::text || n.name) collate "C") as found`,
  );
  const open = ([name, value]: [string, string | null]): [string, string | null] => [
    name,
    value === null
      ? null
      : decrypt(store.dataKey, Buffer.from(value, 'base64'), variableOf(service, name)).toString(),
  ];
  return {
    exists: row?.exists ?? false,
    enabled: row?.enabled ?? false,
    values: new Map(Object.entries(row?.found ?? {}).map(open)),
  };
}

/** A role that an authenticator has named. */
export interface Claimant {
  readonly incarnation: string;
  /** Of the key pair that signs the account's tokens now; null: the account has none. */
  readonly keyFingerprint: string | null;
  /** Whether the address may be where the role comes from (`restricted_to`). */
  readonly originAllowed: boolean;
  /** Whether it has `authenticate` on the webservice. */
  readonly mayAuthenticate: boolean;
  /** Those of its annotations that begin with the type of the authenticator and a slash. */
  readonly annotations: ReadonlyMap<string, string>;
}

/** What decides whether a role may authenticate by a service; null when there is no such role. */
export async function readClaimant(
  store: Store,
  service: Service,
  roleId: FullId,
  address: string,
): Promise<Claimant | null> {
  type Row = Omit<Claimant, 'annotations'> & { annotations: Record<string, string> | null };
  const [row] = await store.reads.run(
    (sql) => sql<Row[]>`
      select r.incarnation, k.fingerprint as "keyFingerprint",
        coalesce(cardinality(c.restricted_to) = 0 or ${address}::inet <<= any (c.restricted_to), true)
          as "originAllowed",
        is_role_allowed_to(r.role_id, 'authenticate', ${webserviceOf(service)}) as "mayAuthenticate",
        (select jsonb_object_agg(a.name, a.value) from annotations a
         where a.resource_id = r.role_id and starts_with(a.name, ${`${service.type}/`})) as annotations
      from roles r left join credentials c using (role_id)
      left join slosilo_keystore k on k.id = 'authn:' || account(r.role_id) where r.role_id = ${roleId}`,
  );
  return row === undefined ? null : { ...row, annotations: new Map(Object.entries(row.annotations ?? {})) };
}

/** Switches a service on or off. Its webservice must exist. */
export async function switchService(
  sql: TransactionSql,
  webserviceId: FullId,
  enabled: boolean,
): Promise<void> {
  await sql`insert into authenticator_configs (resource_id, enabled) values (${webserviceId}, ${enabled})
    on conflict (resource_id) do update set enabled = excluded.enabled`;
}

/** A service that policies have made, in whichever account: its name, and whether it is switched on. */
export interface NamedService {
  readonly name: string;
  readonly enabled: boolean;
}

const namedServicesLimit = 10_000;

/**
 * The names of all services (`authn-jwt/ci`), each once. Anybody may ask for them, so it looks at one range of ids in each
 * account (whose key is `authn:<account>`) and at no others.
 */
export async function listServices(sql: Sql): Promise<readonly NamedService[]> {
  return sql<NamedService[]>`
    select substr(identifier(x.resource_id), 8) as name, bool_or(coalesce(c.enabled, false)) as enabled
    from (select substr(id, 7) as account from slosilo_keystore) k
    join resources x on x.resource_id >= (k.account || ':webservice:conjur/authn') collate "C"
      and x.resource_id < (k.account || ':webservice:conjur/autho') collate "C"
    left join authenticator_configs c using (resource_id)
    where identifier(x.resource_id) ~ '^conjur/authn(-[^/]+)?(/[^/]+)?$' and not identifier(x.resource_id) ~ '/status$'
    group by 1 order by 1 limit ${namedServicesLimit}`;
}
