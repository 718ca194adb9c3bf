import type { FullId } from '../core/ids.ts';
import { type CallerRole, isCaller } from './access.ts';
import { Problem } from '../core/problem.ts';
import { arrayLiteral } from './array-literal.ts';
import { type DataKey, decrypt } from './cipher.ts';
import { type Closures, closuresOver } from './closures.ts';
import type { InstanceAddress, Sql } from './connection.ts';
import { openSecretLookups, type SecretLookups, type SecretRow } from './secret-lookups.ts';

/** How often a read is begun again because memberships changed meanwhile, before SQL decides alone. */
const attempts = 3;

/** Of the large values of one answer together, bytes: it is one text in memory, several times. */
const answerLimitBytes = 32 * 1024 * 1024;
/** Of a statement: a value has a megabyte at most. */
const restAtOnce = 16;

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
  /**
   * The newest values of several, in the order asked for; without types.
   *
   * @throws Problem as `read`, and `argument_invalid` when they are more than `answerLimitBytes` together
   */
  readonly readAll: (caller: CallerRole, ids: readonly FullId[]) => Promise<readonly SecretRead[]>;
  /** What `Closures` says, for those who decide elsewhere. */
  readonly closures: Closures;
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** Opens the reads of secrets on a connection of their own. */
export function openSecretReads(address: InstanceAddress, dataKey: DataKey): SecretReads {
  const lookups = openSecretLookups(address);
  const closures = closuresOver(lookups);
  const withSql = (caller: CallerRole, ids: readonly FullId[], version: number | null) =>
    readWithSql(lookups, dataKey, { caller, ids, version });
  return {
    read: async (caller, id, version) => {
      const wanted = { ids: [id], version, withMimeType: true };
      const found = await findFor(lookups, closures, caller, wanted);
      const read = found === null ? null : decided(dataKey, id, found.rows[0], found.roles);
      return read ?? (await withSql(caller, [id], version))[0] ?? nothing;
    },
    readAll: async (caller, ids) => {
      const found = await findFor(lookups, closures, caller, { ids, version: null, withMimeType: false });
      const reads = ids.map((id, index) =>
        found === null ? null : decided(dataKey, id, found.rows[index], found.roles),
      );
      const isRead = (read: SecretRead | null): read is SecretRead => read !== null;
      if (reads.every(isRead)) return reads;
      const left = ids.filter((_, index) => reads[index] === null);
      const rest = await readRest(left, (some) => withSql(caller, some, null));
      return ids.map((id, index) => reads[index] ?? rest.get(id) ?? nothing);
    },
    closures,
    warm: () => lookups.warm(),
    end: () => lookups.end(),
  };
}

/**
 * What remembered roles could not decide, some at a time: one refusal is the answer to all, so what comes after it is not
 * looked at, and what it would have been stays unsaid.
 *
 * @throws Problem `argument_invalid` when the values are too much for one answer
 */
async function readRest(
  ids: readonly FullId[],
  readSome: (ids: readonly FullId[]) => Promise<readonly SecretRead[]>,
): Promise<ReadonlyMap<FullId, SecretRead>> {
  const found = new Map<FullId, SecretRead>();
  let bytes = 0;
  for (let at = 0; at < ids.length; at += restAtOnce) {
    const some = ids.slice(at, at + restAtOnce);
    const reads = await readSome(some);
    for (const [index, read] of reads.entries()) {
      const id = some[index];
      if (id !== undefined) found.set(id, read);
      bytes += read.value?.length ?? 0;
    }
    if (reads.some(({ callerExists, exists, allowed }) => !callerExists || (exists && !allowed))) break;
    if (bytes > answerLimitBytes) throw tooMuch();
  }
  return found;
}

/** Rows with the roles that the caller had in the same instant; null in restless times. */
async function findFor(
  lookups: SecretLookups,
  closures: Closures,
  caller: CallerRole,
  wanted: Parameters<SecretLookups['find']>[0],
): Promise<{ readonly rows: readonly SecretRow[]; readonly roles: ReadonlySet<string> | null } | null> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const known = closures.of(caller);
    const closure = known instanceof Promise ? await known : known;
    const { rows, epoch, life } = await lookups.find(wanted);
    if (life === closure.life && epoch === closure.epoch) {
      return { rows, roles: closure.roles };
    }
    closures.forget(caller, closure);
  }
  return null;
}

/**
 * The rules of `core/access/may.ts`: an owner may everything, anybody else what permissions say. Null where that is not
 * enough to tell: the other privileges, which make a variable visible, are not among what was read, nor are large values.
 */
function decided(
  dataKey: DataKey,
  id: FullId,
  row: SecretRow | undefined,
  roles: ReadonlySet<string> | null,
): SecretRead | null {
  if (row === undefined || roles === null) return null;
  if (row.ownerId === null) return { ...nothing, callerExists: true };
  if (row.executors === null || row.isLarge) return null;
  if (!roles.has(row.ownerId) && !row.executors.some((role) => roles.has(role))) return null;
  return {
    callerExists: true,
    exists: true,
    visible: true,
    allowed: true,
    value: row.value === null ? null : decrypt(dataKey, row.value, id),
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

/**
 * The same in one statement that remembers nothing: for refusals, which look at every privilege; for resources with very
 * many permissions; and in restless times.
 */
async function readWithSql(
  lookups: SecretLookups,
  dataKey: DataKey,
  {
    caller,
    ids,
    version,
  }: { readonly caller: CallerRole; readonly ids: readonly FullId[]; readonly version: number | null },
): Promise<readonly SecretRead[]> {
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
    from unnest(${arrayLiteral(ids)}::text[]) with ordinality as q(id, n)
    left join resources x on x.resource_id = q.id collate "C"
    cross join lateral (
      select count(*) > 0 as seen, coalesce(bool_or(p.privilege = 'execute'), false) as granted
      from permissions p
      where p.resource_id = x.resource_id and p.role_id in (select role_id from reached)) p
    order by q.n`;
  const rows = await lookups.runApart(query);
  return rows.map((row, index) => {
    const id = ids[index];
    const allowed = row.owned || row.granted;
    return {
      callerExists: row.caller_exists,
      exists: row.there,
      visible: row.owned || row.seen,
      allowed,
      value: allowed && row.value !== null && id !== undefined ? decrypt(dataKey, row.value, id) : null,
      mimeType: row.mime_type,
    };
  });
}

function tooMuch(): Problem {
  return new Problem(
    'argument_invalid',
    `variable_ids: the values are more than ${answerLimitBytes / 1024 / 1024} MiB together; ask for fewer at a time`,
  );
}

/** Where there is no answer at all, nothing is allowed. */
const nothing: SecretRead = {
  callerExists: false,
  exists: false,
  visible: false,
  allowed: false,
  value: null,
  mimeType: null,
};
