import type { FullId } from '../core/ids.ts';
import { isProblem, Problem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import type { CallerRole } from './access.ts';
import { isSameSecret } from './api-key.ts';
import { arrayLiteral } from './array-literal.ts';
import { type DataKey, decrypt, encrypt } from './cipher.ts';
import type { Closures } from './closures.ts';
import { byKeys, type InstanceAddress, type TransactionSql } from './connection.ts';
import { versionsKept } from './secrets.ts';
import { openWrites } from './writes.ts';

export interface SecretWrites {
  /**
   * Stores a value as the next version of a variable, together with what others store at the same time: one transaction,
   * one wait for the disk and for the synchronous standby.
   *
   * @returns false when nothing was written and nothing is said about why: the caller may not, or the variable is not there,
   *   or somebody holds a row that is needed. The way of one transaction a request tells, and waits where that helps.
   * @throws Problem as `Writes.transaction` does: what it says holds for all that travelled together
   */
  readonly store: (caller: CallerRole, id: FullId, value: Buffer) => Promise<boolean>;
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

interface Waiting {
  readonly caller: CallerRole;
  readonly id: FullId;
  readonly value: Buffer;
  /** On the monotonic clock, milliseconds. */
  readonly since: number;
  readonly resolve: (written: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** What `Writes.transaction` says that holds for every entry of a batch. */
const sharedFates: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'read_only',
  'server_busy',
  'store_unavailable',
  'write_indeterminate',
]);
const batchLimit = 64;
const batchLimitBytes = 2 * 1024 * 1024;
/** While one waits for the standby, the next is filled and sent. */
const batchesAtOnce = 2;
const waitingLimit = 2000;
/** From the call to the answer. Half of it at most is spent before a transaction begins. */
const defaultWaitMs = 10_000;
/** Larger values take a transaction of their own. */
const valueLimitBytes = 64 * 1024;

/** Opens the way in which many write at once. It never waits for a lock: whoever would have to is sent the other way. */
export function openSecretWrites(
  address: InstanceAddress,
  closures: Closures,
  dataKey: DataKey,
  waitMs: number = defaultWaitMs,
): SecretWrites {
  const writes = openWrites(address, batchesAtOnce, { name: 'holdfast secrets write', session: byKeys });
  const waiting: Waiting[] = [];
  let underWay = 0;
  let planned = false;
  const send = async (batch: readonly Waiting[]): Promise<void> => {
    underWay += 1;
    const leftMs = waitMs - (performance.now() - (batch[0]?.since ?? 0));
    try {
      const written = await writes.transaction((sql) => writeBatch(sql, closures, dataKey, batch), leftMs);
      for (const entry of batch) entry.resolve(written.has(entry));
    } catch (error) {
      // What is wrong with one must not be said to all: each finds out on its own.
      const concernsAll = isProblem(error) && sharedFates.has(error.code);
      for (const entry of batch) {
        if (concernsAll) entry.reject(error);
        else entry.resolve(false);
      }
    } finally {
      underWay -= 1;
      plan();
    }
  };
  const flush = (): void => {
    planned = false;
    refuseLate(waiting, waitMs / 2);
    if (waiting.length > 0) void send(takeBatch(waiting));
    plan();
  };
  const plan = (): void => {
    if (planned || waiting.length === 0 || underWay >= batchesAtOnce) return;
    planned = true;
    setImmediate(flush);
  };
  return {
    store: async (caller, id, value) => {
      if (value.length > valueLimitBytes || waiting.length >= waitingLimit) return false;
      return new Promise((resolve, reject) => {
        waiting.push({ caller, id, value, since: performance.now(), resolve, reject });
        plan();
      });
    },
    warm: () => writes.warm(),
    end: () => writes.end(),
  };
}

/** When the database answers late, who has waited too long behind others hears so, and takes no turn from the rest. */
function refuseLate(waiting: Waiting[], waitMs: number): void {
  const late = performance.now() - waitMs;
  while (waiting[0] !== undefined && waiting[0].since < late) {
    waiting
      .shift()
      ?.reject(
        new Problem('store_unavailable', 'Too many writes wait for the database; nothing was written.'),
      );
  }
}

function takeBatch(waiting: Waiting[]): readonly Waiting[] {
  let bytes = 0;
  let count = 0;
  for (const { value } of waiting) {
    bytes += value.length;
    if (count >= batchLimit || (count > 0 && bytes > batchLimitBytes)) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** The entries that were written, or had this value already. */
async function writeBatch(
  sql: TransactionSql,
  closures: Closures,
  dataKey: DataKey,
  batch: readonly Waiting[],
): Promise<ReadonlySet<Waiting>> {
  const known = await Promise.all(batch.map(async ({ caller }) => closures.of(caller)));
  // In one go, yet in this order: what is read last is as of after the locks.
  const [callers, , variables] = await Promise.all([
    lockCallers(sql, batch),
    lockVariables(sql, batch),
    readVariables(sql),
  ]);
  const newest = new Map(variables.map((row) => [row.id, row]));
  const versions = new Map<FullId, { readonly version: number; readonly value: Buffer }>();
  const inserts: { readonly id: FullId; readonly version: number; readonly blob: Buffer }[] = [];
  const written = new Set<Waiting>();
  for (const [index, entry] of batch.entries()) {
    const variable = newest.get(entry.id);
    const closure = known[index];
    if (variable === undefined || closure === undefined || !callers.has(callerKey(entry.caller))) continue;
    if (!closures.holds(closure, variable.epoch)) {
      closures.forget(entry.caller, closure);
      continue;
    }
    const roles = closure.roles;
    const may = roles?.has(variable.ownerId) === true || variable.updaters.some((role) => roles?.has(role));
    if (!may) continue;
    const before = versions.get(entry.id) ?? newestOf(dataKey, variable);
    written.add(entry);
    if (before !== null && isSameSecret(entry.value, before.value)) continue;
    const version = (before?.version ?? 0) + 1;
    versions.set(entry.id, { version, value: entry.value });
    inserts.push({ id: entry.id, version, blob: encrypt(dataKey, entry.value, entry.id) });
  }
  await insertAll(sql, inserts);
  return written;
}

interface VariableRow {
  readonly id: FullId;
  readonly epoch: string;
  readonly ownerId: FullId;
  readonly updaters: readonly FullId[];
  readonly version: number | null;
  readonly value: Buffer | null;
}

function newestOf(
  dataKey: DataKey,
  { id, version, value }: VariableRow,
): { readonly version: number; readonly value: Buffer } | null {
  return version === null || value === null ? null : { version, value: decrypt(dataKey, value, id) };
}

function callerKey({ roleId, incarnation }: Pick<CallerRole, 'roleId' | 'incarnation'>): string {
  return `${incarnation} ${roleId}`;
}

/** Holds the rows of the callers to the end, and says which are there; a token without incarnation goes the other way. */
async function lockCallers(sql: TransactionSql, batch: readonly Waiting[]): Promise<ReadonlySet<string>> {
  const ids = [...new Set(batch.map(({ caller }) => caller.roleId))];
  const rows = await sql<{ roleId: FullId; incarnation: string }[]>`
    select role_id as "roleId", incarnation from roles
    where role_id in (select id collate "C" from unnest(${arrayLiteral(ids)}::text[]) as q(id))
    for key share skip locked`;
  return new Set(rows.map(callerKey));
}

async function lockVariables(sql: TransactionSql, batch: readonly Waiting[]): Promise<void> {
  await sql`
    select set_config('holdfast.locked', coalesce(jsonb_agg(id), '[]')::text, true) from (
      select x.resource_id as id from resources x
      where x.resource_id in (select id collate "C" from unnest(${arrayLiteral(idsOf(batch))}::text[]) as q(id))
      for no key update skip locked) locked`;
}

/** The variables whose rows `lockVariables` got hold of. */
async function readVariables(sql: TransactionSql): Promise<readonly VariableRow[]> {
  type Row = {
    id: FullId;
    e: string;
    o: FullId;
    g: readonly FullId[] | null;
    v: number | null;
    s: Buffer | null;
  };
  const rows = await sql<Row[]>`
    select x.resource_id as id, (select epoch from rbac_epoch) as e, x.owner_id as o,
      (select json_agg(p.role_id) from permissions p
       where p.resource_id = x.resource_id and p.privilege = 'update') as g,
      newest.version as v, newest.value as s
    from jsonb_array_elements_text(current_setting('holdfast.locked')::jsonb) as q(id)
    join resources x on x.resource_id = q.id collate "C"
    left join lateral (
      select s.version, s.value from secrets s where s.resource_id = x.resource_id order by s.version desc limit 1
    ) newest on true`;
  return rows.map(({ id, e, o, g, v, s }) => ({
    id,
    epoch: e,
    ownerId: o,
    updaters: g ?? [],
    version: v,
    value: s,
  }));
}

async function insertAll(
  sql: TransactionSql,
  inserts: readonly { readonly id: FullId; readonly version: number; readonly blob: Buffer }[],
): Promise<void> {
  if (inserts.length === 0) return;
  const ids = arrayLiteral(inserts.map(({ id }) => id));
  const versions = arrayLiteral(inserts.map(({ version }) => version));
  const values = arrayLiteral(inserts.map(({ blob }) => `\\x${blob.toString('hex')}`));
  const outdated = inserts.some(({ version }) => version > versionsKept);
  await Promise.all([
    sql`insert into secrets (resource_id, version, value)
      select * from unnest(${ids}::text[], ${versions}::int[], ${values}::bytea[])`,
    outdated &&
      sql`delete from secrets s using unnest(${ids}::text[], ${versions}::int[]) as q(id, version)
        where s.resource_id = q.id collate "C" and s.version <= q.version - ${versionsKept}::int`,
  ]);
}

function idsOf(batch: readonly Waiting[]): readonly FullId[] {
  return [...new Set(batch.map(({ id }) => id))];
}
