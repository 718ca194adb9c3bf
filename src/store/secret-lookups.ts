import type { FullId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import { arrayLiteral } from './array-literal.ts';
import { bounded } from './bounded.ts';
import { byKeys, type InstanceAddress, type Sql } from './connection.ts';
import { Link } from './link.ts';
import { translateStoreError } from './translate.ts';

/** What the database holds of one variable, whoever asks. */
export interface SecretRow {
  /** Of roles and memberships, in the same snapshot. */
  readonly epoch: string;
  /** Null: there is no such resource. */
  readonly ownerId: FullId | null;
  /** The roles that were given `execute`; null when they are more than `grantsLimit`. */
  readonly executors: readonly FullId[] | null;
  /** Encrypted; null when there is no value (of that version). */
  readonly value: Buffer | null;
  /** Only where it was asked for. */
  readonly mimeType: string | null;
}

/** One connection's life: what was learnt on another may come from a database that has been replaced since. */
export type Life = object;

export interface FoundSecrets {
  /** In the order asked for. */
  readonly rows: readonly SecretRow[];
  readonly life: Life;
}

export interface SecretLookups {
  /** Rows of variables. `version` null: the newest. @throws Problem `store_unavailable`, `server_busy` */
  readonly find: (wanted: {
    readonly ids: readonly FullId[];
    readonly version: number | null;
    readonly withMimeType: boolean;
  }) => Promise<FoundSecrets>;
  /** Another statement on the same connection. */
  readonly run: <T>(query: (sql: Sql, life: Life) => Promise<T>) => Promise<T>;
  /** Whether this is the life of the connection that stands now. */
  readonly isAlive: (life: Life) => boolean;
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const statementTimeoutMs = 2000;
const readTimeoutMs = 2500;
/** Requests of one statement. */
const batchLimit = 100;
/** One: what comes in meanwhile makes the next one larger, which costs less than a second one at the same time. */
const batchesAtOnce = 1;
const waitingLimit = 8000;
/** A resource with more permissions than this is decided by SQL (see `readWithSql`). */
const grantsLimit = 300;

interface Wanted {
  readonly ids: readonly FullId[];
  readonly version: number | null;
  readonly withMimeType: boolean;
  /** On the monotonic clock, milliseconds. */
  readonly since: number;
  readonly resolve: (found: FoundSecrets) => void;
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
      ...byKeys,
    },
  });
  const waiting: Wanted[] = [];
  let underWay = 0;
  let planned = false;

  const send = async (batch: readonly Wanted[]): Promise<void> => {
    underWay += 1;
    try {
      const found = await bounded(
        link.use(async (sql, life) => ({ rows: await readRows(sql, batch), life })),
        readTimeoutMs,
        late,
      );
      for (const [index, { resolve }] of batch.entries()) {
        resolve({ rows: found.rows[index] ?? [], life: found.life });
      }
    } catch (error) {
      const problem = translateStoreError(error);
      for (const { reject } of batch) reject(problem);
    } finally {
      underWay -= 1;
      plan();
    }
  };
  const flush = (): void => {
    planned = false;
    refuseLate(waiting);
    if (waiting.length > 0) void send(waiting.splice(0, batchLimit));
    plan();
  };
  const plan = (): void => {
    if (planned || waiting.length === 0 || underWay >= batchesAtOnce) return;
    planned = true;
    setImmediate(flush); // after all that this round of the event loop has read from its sockets
  };
  return {
    find: (wanted) => {
      if (waiting.length >= waitingLimit) {
        throw new Problem('server_busy', 'Too many requests wait for the database of this node; try again.');
      }
      return new Promise((resolve, reject) => {
        waiting.push({ ...wanted, since: performance.now(), resolve, reject });
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
    isAlive: (life) => link.isAlive(life),
    warm: () => link.warm(),
    end: () => link.end(),
  };
}

/** When the database answers late, who has waited too long behind others hears so, and takes no turn from the rest. */
function refuseLate(waiting: Wanted[]): void {
  const before = performance.now() - readTimeoutMs;
  while (waiting[0] !== undefined && waiting[0].since < before) waiting.shift()?.reject(late());
}

/** Owner, roles with `execute`, value in base64, MIME type. */
type Fields = readonly [FullId | null, readonly FullId[] | null, string | null, string | null];

/**
 * The rows of each request of a batch. All of them come as one text of JSON: a row of the protocol costs the driver more
 * than the whole rest of a look-up.
 */
async function readRows(sql: Sql, batch: readonly Wanted[]): Promise<readonly (readonly SecretRow[])[]> {
  const places = new Map<string, number>();
  const ids: string[] = [];
  const versions: (number | null)[] = [];
  const mimeTypes: boolean[] = [];
  const placesOf = batch.map((wanted) =>
    wanted.ids.map((id) => {
      const key = `${wanted.withMimeType} ${wanted.version ?? ''} ${id}`;
      const known = places.get(key);
      if (known !== undefined) return known;
      places.set(key, ids.length);
      versions.push(wanted.version);
      mimeTypes.push(wanted.withMimeType);
      return ids.push(id) - 1;
    }),
  );
  const [answer] = await sql<{ epoch: string; found: readonly Fields[] }[]>`
    select (select epoch from rbac_epoch) as epoch, json_agg(json_build_array(x.owner_id,
      (select json_agg(p.role_id) from (
        select role_id from permissions where resource_id = x.resource_id and privilege = 'execute'
        limit ${grantsLimit + 1}) p),
      (select encode(s.value, 'base64') from secrets s
       where s.resource_id = x.resource_id and (q.version is null or s.version = q.version)
       order by s.version desc limit 1),
      case when q.mime then (
        select a.value from annotations a where a.resource_id = x.resource_id and a.name = 'conjur/mime_type') end) order by q.n) as found
    from unnest(${arrayLiteral(ids)}::text[], ${arrayLiteral(versions)}::int[], ${arrayLiteral(mimeTypes)}::bool[])
      with ordinality as q(id, version, mime, n)
    left join resources x on x.resource_id = q.id collate "C"`;
  const found = (answer?.found ?? []).map((fields) => secretRow(answer?.epoch ?? '', fields));
  return placesOf.map((list) => list.flatMap((place) => found[place] ?? []));
}

function secretRow(epoch: string, [ownerId, roles, value, mimeType]: Fields): SecretRow {
  const executors = roles ?? [];
  return {
    epoch,
    ownerId,
    executors: executors.length > grantsLimit ? null : executors,
    value: value === null ? null : Buffer.from(value, 'base64'),
    mimeType,
  };
}

function late(): Problem {
  return new Problem(
    'store_unavailable',
    `The database of this node did not answer within ${readTimeoutMs} ms.`,
  );
}
