import type { FullId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import { bounded } from './bounded.ts';
import type { InstanceAddress, Sql } from './connection.ts';
import { Link } from './link.ts';
import { translateStoreError } from './translate.ts';

/** What the database holds of one variable, whoever asks. */
export interface SecretRow {
  /** Of roles and memberships, in the same snapshot. */
  readonly epoch: string;
  /** Null: there is no such resource. */
  readonly ownerId: FullId | null;
  /** Permissions: a role, and whether its privilege is `execute`. Null when there are more than `grantsLimit`. */
  readonly grants: readonly (readonly [FullId, boolean])[] | null;
  /** Encrypted; null when there is no value (of that version). */
  readonly value: Buffer | null;
  readonly mimeType: string | null;
}

/** One connection's life: what was learnt on another may come from a database that has been replaced since. */
export type Life = object;

export interface SecretLookups {
  /** The newest version with `version` null. @throws Problem `store_unavailable`, `server_busy` */
  readonly find: (
    id: FullId,
    version: number | null,
  ) => Promise<{ readonly row: SecretRow; readonly life: Life }>;
  /** Another statement on the same connection. */
  readonly run: <T>(query: (sql: Sql, life: Life) => Promise<T>) => Promise<T>;
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const statementTimeoutMs = 2000;
const readTimeoutMs = 2500;
const batchLimit = 200;
/** One: what comes in meanwhile makes the next one larger, which costs less than a second one at the same time. */
const batchesAtOnce = 1;
const waitingLimit = 8000;
/** A resource with more permissions than this is decided by SQL (see `readSecret`). */
const grantsLimit = 300;

interface Wanted {
  readonly id: FullId;
  readonly version: number | null;
  readonly resolve: (found: { row: SecretRow; life: Life }) => void;
  readonly reject: (error: Problem) => void;
}

/**
 * Opens the look-ups: one connection, one prepared statement for as many variables as are wanted at a time. What is asked
 * for in one round of the event loop travels together; the same variable asked for twice is read once.
 */
export function openSecretLookups(address: InstanceAddress): SecretLookups {
  const link = new Link(address, {
    name: 'holdfast secrets',
    session: {
      statement_timeout: statementTimeoutMs,
      default_transaction_read_only: true,
      jit: false,
      // A few rows by their keys, always: no statistics must ever make a scan of a whole table look cheaper.
      enable_seqscan: false,
      enable_hashjoin: false,
      enable_mergejoin: false,
      plan_cache_mode: 'force_generic_plan',
    },
  });
  const waiting: Wanted[] = [];
  let underWay = 0;
  let planned = false;

  const send = async (batch: readonly Wanted[]): Promise<void> => {
    underWay += 1;
    try {
      const { rows, life } = await bounded(
        link.use(async (sql, thisLife) => ({ rows: await readRows(sql, batch), life: thisLife })),
        readTimeoutMs,
        late,
      );
      for (const [index, wanted] of batch.entries()) {
        const row = rows[index];
        if (row === undefined) wanted.reject(late());
        else wanted.resolve({ row, life });
      }
    } catch (error) {
      const problem = translateStoreError(error);
      for (const wanted of batch) wanted.reject(problem);
    } finally {
      underWay -= 1;
      plan();
    }
  };
  const flush = (): void => {
    planned = false;
    void send(waiting.splice(0, batchLimit));
    plan();
  };
  const plan = (): void => {
    if (planned || waiting.length === 0 || underWay >= batchesAtOnce) return;
    planned = true;
    setImmediate(flush); // after all that this round of the event loop has read from its sockets
  };
  return {
    find: (id, version) => {
      if (waiting.length >= waitingLimit) {
        throw new Problem('server_busy', 'Too many requests wait for the database of this node; try again.');
      }
      return new Promise((resolve, reject) => {
        waiting.push({ id, version, resolve, reject });
        plan();
      });
    },
    run: async (query) => {
      try {
        return await bounded(link.use(query), readTimeoutMs, late);
      } catch (error) {
        throw translateStoreError(error);
      }
    },
    warm: () => link.warm(),
    end: () => link.end(),
  };
}

interface Row {
  readonly e: string;
  readonly o: FullId | null;
  readonly g: readonly (readonly [FullId, boolean])[] | null;
  readonly s: Buffer | null;
  readonly m: string | null;
}

/** The rows in the order of the batch. */
async function readRows(sql: Sql, batch: readonly Wanted[]): Promise<readonly SecretRow[]> {
  const places = new Map<string, number>();
  const ids: string[] = [];
  const versions: (number | null)[] = [];
  const placeOf = batch.map(({ id, version }) => {
    const key = `${version ?? ''} ${id}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    places.set(key, ids.length);
    versions.push(version);
    return ids.push(id) - 1;
  });
  const rows = await sql<Row[]>`
    select (select epoch from rbac_epoch) as e, x.owner_id as o,
      (select json_agg(json_build_array(p.role_id, p.privilege = 'execute'))
       from (select role_id, privilege from permissions where resource_id = x.resource_id limit ${grantsLimit + 1}) p) as g,
      (select s.value from secrets s
       where s.resource_id = x.resource_id and (q.version is null or s.version = q.version)
       order by s.version desc limit 1) as s,
      (select a.value from annotations a where a.resource_id = x.resource_id and a.name = 'conjur/mime_type') as m
    from unnest(${arrayLiteral(ids)}::text[], ${arrayLiteral(versions)}::int[]) with ordinality as q(id, version, n)
    left join resources x on x.resource_id = q.id collate "C"
    order by q.n`;
  const found = rows.map(({ e, o, g, s, m }): SecretRow => {
    const grants = g ?? [];
    return {
      epoch: e,
      ownerId: o,
      grants: grants.length > grantsLimit ? null : grants,
      value: s,
      mimeType: m,
    };
  });
  return placeOf.flatMap((place) => found[place] ?? []);
}

/** An array as PostgreSQL reads it (manual, 8.15.2): the driver is not let in on array types. */
function arrayLiteral(items: readonly (string | number | null)[]): string {
  const written = items.map((item) =>
    typeof item === 'string' ? `"${item.replaceAll(/["\\]/g, '\\$&')}"` : String(item ?? 'null'),
  );
  return `{${written.join(',')}}`;
}

function late(): Problem {
  return new Problem(
    'store_unavailable',
    `The database of this node did not answer within ${readTimeoutMs} ms.`,
  );
}
