import type { FullId } from '../core/ids.ts';
import { type CallerRole, isCaller } from './access.ts';
import { isSameSecret } from './api-key.ts';
import { type DataKey, decrypt, encrypt } from './cipher.ts';
import { type Closure, ClosureCache, readClosure } from './closures.ts';
import type { InstanceAddress, Sql, TransactionSql } from './connection.ts';
import { type Life, openSecretLookups, type SecretLookups, type SecretRow } from './secret-lookups.ts';

/** How many versions of a secret are kept, the newest ones. */
const versionsKept = 20;
/** How often a read is begun again because memberships changed meanwhile, before SQL decides alone. */
const attempts = 3;

/** What there is to say to a caller about one secret. */
export interface SecretRead {
  /** False when the role of a still valid token has been deleted. */
  readonly callerExists: boolean;
  readonly exists: boolean;
  readonly visible: boolean;
  readonly allowed: boolean;
  /** Null when it is not allowed, not there, or has no value (of that version). */
  readonly value: Buffer | null;
  readonly mimeType: string | null;
}

/** Reads of secrets: the hot path. */
export interface SecretReads {
  /**
   * Who may see what, and the value: as of one snapshot, taken after the call.
   *
   * @param version null for the newest
   * @throws Problem `store_unavailable`, `server_busy`, `data_key_mismatch`
   */
  readonly read: (caller: CallerRole, id: FullId, version: number | null) => Promise<SecretRead>;
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Opens the reads of secrets on a connection of their own. */
export function openSecretReads(address: InstanceAddress, dataKey: DataKey): SecretReads {
  const lookups = openSecretLookups(address);
  const closures = new ClosureCache();
  let closuresLife: Life | null = null;
  const loadClosure = (caller: CallerRole): Promise<Closure> =>
    lookups.run(async (sql, life) => {
      if (closuresLife !== life) closures.clear(); // the database behind it may be another one: rewound, or copied anew
      closuresLife = life;
      return readClosure(sql, caller, life);
    });
  return {
    read: async (caller, id, version) => {
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const closure = closures.known(caller) ?? (await closures.learn(caller, () => loadClosure(caller)));
        const { row, life } = await lookups.find(id, version);
        if (row.grants === null) break;
        if (life === closure.life && row.epoch === closure.epoch)
          return decided(dataKey, id, row, closure.roles);
        closures.forget(caller, closure);
      }
      return readWithSql(lookups, dataKey, { caller, id, version });
    },
    warm: () => lookups.warm(),
    end: () => lookups.end(),
  };
}

/** The rules of `core/access/may.ts`: an owner may everything, anybody else what permissions say. */
function decided(
  dataKey: DataKey,
  id: FullId,
  row: SecretRow,
  roles: ReadonlySet<string> | null,
): SecretRead {
  const granted = (row.grants ?? []).filter(([role]) => roles?.has(role) === true);
  const owned = row.ownerId !== null && roles?.has(row.ownerId) === true;
  const allowed = owned || granted.some(([, execute]) => execute);
  return {
    callerExists: roles !== null,
    exists: row.ownerId !== null,
    visible: owned || granted.length > 0,
    allowed,
    value: allowed && row.value !== null ? decrypt(dataKey, row.value, id) : null,
    mimeType: row.mimeType,
  };
}

interface SqlRow {
  readonly caller_exists: boolean;
  readonly there: boolean;
  readonly owned: boolean;
  readonly seen: boolean;
  readonly granted: boolean;
  readonly value: Buffer | null;
  readonly mime_type: string | null;
}

/** The same in one statement that remembers nothing: for resources with very many permissions, and in restless times. */
async function readWithSql(
  lookups: SecretLookups,
  dataKey: DataKey,
  {
    caller,
    id,
    version,
  }: { readonly caller: CallerRole; readonly id: FullId; readonly version: number | null },
): Promise<SecretRead> {
  const query = async (sql: Sql): Promise<readonly SqlRow[]> => sql<SqlRow[]>`
    with recursive reached(role_id) as (
      select role_id from roles where ${isCaller(sql, caller)}
      union
      select m.role_id from reached r join role_memberships m on m.member_id = r.role_id
    )
    select exists (select from reached) as caller_exists, x.resource_id is not null as there,
      coalesce(x.owner_id in (select role_id from reached), false) as owned, p.seen, p.granted,
      (select s.value from secrets s
       where s.resource_id = x.resource_id and (${version}::int is null or s.version = ${version}::int)
       order by s.version desc limit 1) as value,
      (select a.value from annotations a
       where a.resource_id = x.resource_id and a.name = 'conjur/mime_type') as mime_type
    from (select) one left join resources x on x.resource_id = ${id}
    cross join lateral (
      select count(*) > 0 as seen, coalesce(bool_or(p.privilege = 'execute'), false) as granted
      from permissions p
      where p.resource_id = x.resource_id and p.role_id in (select role_id from reached)) p`;
  const [row] = await lookups.run(query);
  const allowed = row !== undefined && (row.owned || row.granted);
  return {
    callerExists: row?.caller_exists ?? false,
    exists: row?.there ?? false,
    visible: row !== undefined && (row.owned || row.seen),
    allowed,
    value: allowed && row.value !== null ? decrypt(dataKey, row.value, id) : null,
    mimeType: row?.mime_type ?? null,
  };
}

/**
 * Writes a value as the next version, unless the newest version has the same value already, and drops versions past the
 * twentieth. The row of the resource is locked, so that two writers of one variable count one after the other.
 */
export async function writeSecret(
  sql: TransactionSql,
  dataKey: DataKey,
  resourceId: FullId,
  value: Buffer,
): Promise<void> {
  await sql`select from resources where resource_id = ${resourceId} for no key update`;
  const [newest] = await sql<{ version: number; value: Buffer }[]>`
    select version, value from secrets where resource_id = ${resourceId} order by version desc limit 1`;
  if (newest !== undefined && isSameSecret(value, decrypt(dataKey, newest.value, resourceId))) return;
  const version = (newest?.version ?? 0) + 1;
  await sql`insert into secrets (resource_id, version, value)
    values (${resourceId}, ${version}, ${encrypt(dataKey, value, resourceId)})`;
  if (version > versionsKept) {
    await sql`delete from secrets where resource_id = ${resourceId} and version <= ${version - versionsKept}`;
  }
}

/** Takes the expiration from all versions of a variable. */
export async function clearExpirations(sql: TransactionSql, resourceId: FullId): Promise<void> {
  await sql`update secrets set expires_at = null where resource_id = ${resourceId}`;
}
