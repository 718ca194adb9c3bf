import type { AuditRecord } from '../core/audit/audit-record.ts';
import {
  type FoundRecord,
  type RecordFilter,
  type SdataField,
  sdataConditions,
} from '../core/audit/record-filter.ts';
import { isProblem } from '../core/problem.ts';
import type { Fragment, Sql, TransactionSql } from './connection.ts';
import type { Reads } from './reads.ts';

/** A span of ids, both ends in it. */
export interface IdSpan {
  readonly first: bigint;
  readonly last: bigint;
}

/** A time; null: open on that side. */
export type TimeSpan = Pick<RecordFilter, 'since' | 'until'>;

/** Looking for the ids of a time is worth so much and no more. */
const lookupMs = 2000;

/**
 * The ids between which all rows of a time lie; null: there are none. A time that is a large part of a long trail is not worth the
 * look: then it is the whole trail.
 */
export async function idsOfTime(reads: Reads, { since, until }: TimeSpan): Promise<IdSpan | null> {
  if (since === null && until === null) return reads.run(idsOfTrail);
  try {
    return await reads.run((sql) =>
      sql.begin('read only', async (tx) => {
        await tx`select set_config('statement_timeout', ${String(lookupMs)}, true)`;
        // With an offset the planner cannot take this for a walk along the index on ids, which may be one through everything.
        const [row] = await tx<RawSpan[]>`
          select min(id)::text as first, max(id)::text as last
          from (select id from messages m where ${within(tx, { since, until })} offset 0) found`;
        return spanOf(row);
      }),
    );
  } catch (error) {
    if (!isProblem(error, 'store_unavailable')) throw error; // what a statement is that took too long
    return reads.run(idsOfTrail);
  }
}

/** The newest and the oldest id; null: the trail is empty. */
export async function idsOfTrail(sql: Sql | TransactionSql): Promise<IdSpan | null> {
  const [row] = await sql<RawSpan[]>`
    select (select id from messages order by messages.id limit 1)::text as first,
      (select id from messages order by messages.id desc limit 1)::text as last`;
  return spanOf(row);
}

interface RawSpan {
  readonly first: string | null;
  readonly last: string | null;
}

function spanOf(row: RawSpan | undefined): IdSpan | null {
  if (row === undefined || row.first === null || row.last === null) return null;
  return { first: BigInt(row.first), last: BigInt(row.last) };
}

/** What is in both; null: nothing. */
export function overlap(one: IdSpan | null, other: IdSpan | null): IdSpan | null {
  if (one === null || other === null) return null;
  const first = one.first > other.first ? one.first : other.first;
  const last = one.last < other.last ? one.last : other.last;
  return first <= last ? { first, last } : null;
}

/** The span of ids that one statement looks through, at first and at most: there it takes tenths of a second. */
const firstSpan = 4096n;
const widestSpan = 262_144n;
const rowsAtOnce = 500;

/**
 * Rows that may be asked for, the newest first. Each statement looks at a span of ids: so none takes long, however few match,
 * and whoever has enough stops. What is found is a superset: rows that stand for several records come whole, and a filter
 * decides over each (`matchesFilter`).
 */
export async function* newestRows(
  reads: Reads,
  filter: RecordFilter,
): AsyncGenerator<readonly FoundRecord[], void> {
  let ids = await reads.run(idsOfTrail);
  let span = firstSpan;
  let isBounded = filter.since === null;
  while (ids !== null && ids.first <= ids.last) {
    const { first, last } = ids;
    const lowest = last - span + 1n > first ? last - span + 1n : first;
    const rows = await reads.run((sql) => rowsOf(sql, filter, { first: lowest, last }));
    yield rows.map(({ found }) => found);
    const isCut = rows.length === rowsAtOnce;
    ids = { first, last: (isCut ? (rows.at(-1)?.id ?? lowest) : lowest) - 1n };
    if (!isCut && span < widestSpan) span *= 4n;
    if (!isBounded) {
      // Who asks for a time has an end somewhere. Looked for once the newest rows alone were not enough.
      ids = overlap(ids, await idsOfTime(reads, filter));
      isBounded = true;
    }
  }
}

interface RawFound {
  readonly id: string;
  readonly hostname: string | null;
  readonly facility: number;
  readonly severity: number;
  readonly at: string;
  readonly appname: string | null;
  readonly procid: string | null;
  readonly msgid: string | null;
  readonly sdata: AuditRecord['sdata'];
  readonly message: string;
  readonly also: NonNullable<AuditRecord['also']> | null;
}

async function rowsOf(
  sql: Sql,
  filter: RecordFilter,
  { first, last }: IdSpan,
): Promise<readonly { readonly id: bigint; readonly found: FoundRecord }[]> {
  const rows = await sql<RawFound[]>`
    select id::text, coalesce(hostname, (select c.node from chains c where c.id = m.chain)) as hostname, facility, severity,
      to_char("timestamp" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, appname, procid, msgid, sdata,
      message, also
    from messages m
    where m.id >= ${String(first)}::bigint and m.id <= ${String(last)}::bigint and ${within(sql, filter)}
      and ${withHeader(sql, filter)} and ${withSdata(sql, filter)}
    order by m.id desc limit ${rowsAtOnce}`;
  return rows.map(({ id, hostname, at, appname, procid, msgid, also, ...rest }) => ({
    id: BigInt(id),
    found: {
      hostname,
      record: {
        ...rest,
        timestamp: at,
        appname: appname ?? '',
        procid: procid ?? '',
        msgid: msgid ?? '',
        ...(also === null ? {} : { also }),
      },
    },
  }));
}

/** Only what is asked for stands in the statement: what is always true would hide the index on times from a generic plan. */
const within = (sql: Sql | TransactionSql, { since, until }: TimeSpan): Fragment =>
  allOf(sql, [
    ...(since === null ? [] : [sql`m."timestamp" >= ${since}::timestamptz`]),
    ...(until === null ? [] : [sql`m."timestamp" < ${until}::timestamptz`]),
  ]);

const withHeader = (
  sql: Sql,
  { facility, severity, hostname, appname, procid, msgid }: RecordFilter,
): Fragment =>
  allOf(sql, [
    ...(facility === null ? [] : [sql`m.facility = ${facility}::int`]),
    ...(severity === null ? [] : [sql`m.severity = ${severity}::int`]),
    ...(appname === null ? [] : [sql`m.appname = ${appname}::text`]),
    ...(procid === null ? [] : [sql`m.procid = ${procid}::text`]),
    ...(msgid === null ? [] : [sql`m.msgid = ${msgid}::text`]),
    ...(hostname === null
      ? []
      : [
          sql`(m.hostname = ${hostname}::text or m.hostname is null
            and m.chain in (select c.id from chains c where c.node = ${hostname}::text))`,
        ]),
  ]);

/** All conditions, each of which one of several fields fulfils. */
const withSdata = (sql: Sql, filter: RecordFilter): Fragment =>
  allOf(
    sql,
    sdataConditions(filter).map((fields) => sql`(${anyOf(sql, fields)})`),
  );

const anyOf = (sql: Sql, fields: readonly SdataField[]): Fragment =>
  fields.reduce((any, field) => sql`${any} or ${holds(sql, field)}`, sql`false`);

const allOf = (sql: Sql | TransactionSql, conditions: readonly Fragment[]): Fragment =>
  conditions.reduce((all, condition) => sql`${all} and ${condition}`, sql`true`);

/** The field, or one of the resources that a row has beside its first. */
const holds = (sql: Sql, { element, name, value }: SdataField): Fragment =>
  element === 'subject@43868' && name === 'resource'
    ? sql`(m.sdata -> ${element}::text ->> ${name}::text = ${value}::text or m.also -> 'resources' ? ${value}::text)`
    : sql`m.sdata -> ${element}::text ->> ${name}::text = ${value}::text`;
