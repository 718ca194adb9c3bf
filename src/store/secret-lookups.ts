import type { FullId } from '../core/ids.ts';
import { Problem } from '../core/problem.ts';
import { arrayLiteral } from './array-literal.ts';
import { bounded } from './bounded.ts';
import { byKeys, type InstanceAddress, type Sql } from './connection.ts';
import { Link } from './link.ts';
import { reread } from './reread.ts';
import { translateStoreError } from './translate.ts';

/** What the database holds of one variable, whoever asks. */
export interface SecretRow {
  /** Null: there is no such resource. */
  readonly ownerId: FullId | null;
  /** The roles that were given `execute`; null when they are more than `grantsLimit`. */
  readonly executors: readonly FullId[] | null;
  /** Encrypted; null when there is no value (of that version), and when it is too large to travel with others. */
  readonly value: Buffer | null;
  readonly isLarge: boolean;
  /** Only where it was asked for. */
  readonly mimeType: string | null;
}

/** One connection's life: what was learnt on another may come from a database that has been replaced since. */
export type Life = object;

export interface FoundSecrets {
  /** In the order asked for. */
  readonly rows: readonly SecretRow[];
  /** Of roles and memberships, in the same snapshot. */
  readonly epoch: string;
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
  /** A statement that may take long, on a connection where nobody's look-up waits behind it. */
  readonly runApart: <T>(query: (sql: Sql) => Promise<T>) => Promise<T>;
  /** Whether this is the life of the connection that stands now. */
  readonly isAlive: (life: Life) => boolean;
  readonly warm: () => Promise<void>;
  readonly end: () => Promise<void>;
}

const statementTimeoutMs = 2000;
const readTimeoutMs = 2500;
/** Ids of one statement, where one request does not name more. */
const idsLimit = 100;
/** Larger values are read on their own, so that an answer for many has a bound: 22 MB. Bytes, encrypted. */
const valueLimitBytes = 16 * 1024;
/**
 * What comes in while a statement is under way makes the next one larger, which costs less than another at the same time.
 * A full one is sent at once all the same: the database reads it while this process works on the answer to the one before.
 */
const fullBatchesAtOnce = 2;
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
  const session = {
    statement_timeout: statementTimeoutMs,
    default_transaction_read_only: true,
    jit: false,
    ...byKeys,
  };
  const link = new Link(address, { name: 'holdfast secrets', session });
  const linkApart = new Link(address, { name: 'holdfast secrets apart', session });
  const waiting: Wanted[] = [];
  let underWay = 0;
  let planned = false;

  const send = async (batch: readonly Wanted[]): Promise<void> => {
    underWay += 1;
    try {
      const found = await bounded(
        reread(() => link.use(async (sql, life) => ({ ...(await readRows(sql, batch)), life }))),
        readTimeoutMs,
        late,
      );
      const { epoch, life } = found;
      for (const [index, { resolve }] of batch.entries())
        resolve({ rows: found.rows[index] ?? [], epoch, life });
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
    if (waiting.length > 0) void send(takeBatch(waiting));
    plan();
  };
  const plan = (): void => {
    if (planned || waiting.length === 0 || underWay >= (fillsBatch(waiting) ? fullBatchesAtOnce : 1)) return;
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
    run: (query) => runOn(link, query),
    runApart: (query) => runOn(linkApart, query),
    isAlive: (life) => link.isAlive(life),
    warm: () => link.warm(),
    end: async () => {
      await Promise.all([link.end(), linkApart.end()]);
    },
  };
}

async function runOn<T>(link: Link, query: (sql: Sql, life: Life) => Promise<T>): Promise<T> {
  try {
    return await bounded(
      reread(() => link.use(query)),
      readTimeoutMs,
      late,
    );
  } catch (error) {
    throw translateStoreError(error);
  }
}

/** When the database answers late, who has waited too long behind others hears so, and takes no turn from the rest. */
function refuseLate(waiting: Wanted[]): void {
  const before = performance.now() - readTimeoutMs;
  while (waiting[0] !== undefined && waiting[0].since < before) waiting.shift()?.reject(late());
}

function fillsBatch(waiting: readonly Wanted[]): boolean {
  let ids = 0;
  return waiting.some((wanted) => {
    ids += wanted.ids.length;
    return ids >= idsLimit;
  });
}

function takeBatch(waiting: Wanted[]): readonly Wanted[] {
  let ids = 0;
  let count = 0;
  for (const wanted of waiting) {
    ids += wanted.ids.length;
    if (count > 0 && ids > idsLimit) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** What one statement asks for, a place for each row; the same newest value wanted twice has one. */
interface Places {
  readonly ids: readonly string[];
  readonly versions: readonly (number | null)[];
  readonly mimeTypes: readonly boolean[];
  readonly ofRequests: readonly (readonly number[])[];
}

function placesOf(batch: readonly Wanted[]): Places {
  const newest = new Map<string, number>();
  const ids: string[] = [];
  const versions: (number | null)[] = [];
  const mimeTypes: boolean[] = [];
  const ofRequests = batch.map((wanted) =>
    wanted.ids.map((id) => {
      const known = wanted.version === null ? newest.get(id) : undefined;
      if (known !== undefined) {
        if (wanted.withMimeType) mimeTypes[known] = true;
        return known;
      }
      const place = ids.push(id) - 1;
      versions.push(wanted.version);
      mimeTypes.push(wanted.withMimeType);
      if (wanted.version === null) newest.set(id, place);
      return place;
    }),
  );
  return { ids, versions, mimeTypes, ofRequests };
}

/** Owner, roles with `execute`, value in base64, whether it is large, MIME type. */
type Fields = readonly [
  FullId | null,
  readonly FullId[] | null,
  string | null,
  boolean | null,
  string | null,
];

const noRow: SecretRow = { ownerId: null, executors: [], value: null, isLarge: false, mimeType: null };

/**
 * The rows of each request of a batch. They come as one text of JSON: the engine's own parser makes a row of it in a
 * fraction of the time that the driver takes for one of the protocol's.
 */
async function readRows(
  sql: Sql,
  batch: readonly Wanted[],
): Promise<{ readonly rows: readonly (readonly SecretRow[])[]; readonly epoch: string }> {
  const places = placesOf(batch);
  // What is missing at the end of an array is null to unnest, as here what is usual: the newest, without its type.
  const versions = places.versions.every((version) => version === null) ? [] : places.versions;
  const mimeTypes = places.mimeTypes.includes(true) ? places.mimeTypes : [];
  const [answer] = await sql<{ epoch: string; found: readonly Fields[] }[]>`
    select (select epoch from rbac_epoch) as epoch, json_agg(json_build_array(x.owner_id,
      (select json_agg(p.role_id) from (
        select role_id from permissions where resource_id = x.resource_id and privilege = 'execute'
        limit ${grantsLimit + 1}) p),
      case when octet_length(s.value) <= ${valueLimitBytes} then encode(s.value, 'base64') end,
      octet_length(s.value) > ${valueLimitBytes},
      case when q.mime then (
        select a.value from annotations a where a.resource_id = x.resource_id and a.name = 'conjur/mime_type') end) order by q.n) as found
    from unnest(${arrayLiteral(places.ids)}::text[], ${arrayLiteral(versions)}::int[], ${arrayLiteral(mimeTypes)}::bool[])
      with ordinality as q(id, version, mime, n)
    left join resources x on x.resource_id = q.id collate "C"
    left join lateral (
      select value from secrets
      where resource_id = x.resource_id and (q.version is null or version = q.version)
      order by version desc limit 1) s on true`;
  const found = (answer?.found ?? []).map(secretRow);
  const rows = places.ofRequests.map((list) => list.map((place) => found[place] ?? noRow));
  return { rows, epoch: answer?.epoch ?? '' };
}

function secretRow([ownerId, roles, value, isLarge, mimeType]: Fields): SecretRow {
  const executors = roles ?? [];
  return {
    ownerId,
    executors: executors.length > grantsLimit ? null : executors,
    value: value === null ? null : Buffer.from(value, 'base64'),
    isLarge: isLarge === true,
    mimeType,
  };
}

function late(): Problem {
  return new Problem(
    'store_unavailable',
    `The database of this node did not answer within ${readTimeoutMs} ms.`,
  );
}
