import type { AuditRecord } from '../core/audit/audit-record.ts';
import { canonicalText } from '../core/audit/canonical.ts';
import type { LocalChain, LocalRow, PlacedRow } from '../core/audit/carry-step.ts';
import { arrayLiteral } from './array-literal.ts';
import type { Fragment, Sql, TransactionSql } from './connection.ts';

interface RawChain {
  readonly id: number;
  readonly node: string;
  readonly chain: string;
  readonly beforeChain: string | null;
  readonly beforeSeq: string | null;
  readonly beforeHash: string | null;
  readonly opening: string;
  readonly seq: string;
  readonly hash: string;
  readonly prunedSeq: string | null;
  readonly prunedHash: string | null;
  readonly afterId: string;
}

/**
 * Chains, the oldest first.
 *
 * @param which a condition on `chains`; without one, every chain
 */
export async function readChains(
  sql: Sql | TransactionSql,
  which: Fragment = sql`true`,
): Promise<readonly LocalChain[]> {
  const rows = await sql<RawChain[]>`
    select id, node, chain, before_chain as "beforeChain", before_seq::text as "beforeSeq",
      encode(before_hash, 'hex') as "beforeHash", encode(opening, 'hex') as opening, seq::text, encode(hash, 'hex') as hash,
      pruned_seq::text as "prunedSeq", encode(pruned_hash, 'hex') as "prunedHash", after_id::text as "afterId"
    from chains where ${which} order by id`;
  return rows.map(
    ({
      id,
      node,
      chain,
      opening,
      seq,
      hash,
      beforeChain,
      beforeSeq,
      beforeHash,
      prunedSeq,
      prunedHash,
      afterId,
    }) => ({
      id,
      node,
      chain,
      opening,
      head: { seq: Number(seq), hash },
      afterId: BigInt(afterId),
      pruned: prunedHash === null ? null : { seq: Number(prunedSeq), hash: prunedHash },
      before:
        beforeChain === null || beforeHash === null
          ? null
          : { chain: beforeChain, seq: Number(beforeSeq), hash: beforeHash },
    }),
  );
}

/** The columns of `recordColumns`. */
export interface RawRecord {
  readonly facility: number;
  readonly severity: number;
  readonly at: string;
  readonly appname: string;
  readonly procid: string;
  readonly msgid: string;
  readonly sdata: AuditRecord['sdata'];
  readonly message: string;
  readonly also: NonNullable<AuditRecord['also']> | null;
}

/** What a row of `messages` says. */
export function recordColumns(sql: Sql | TransactionSql): Fragment {
  return sql`facility, severity, ${inUtc(sql)} as at, appname, procid, msgid, sdata, message, also`;
}

/** The record of a row that was read with these columns alone. */
export function recordOfRow({ at, also, ...fields }: RawRecord): AuditRecord {
  return { ...fields, timestamp: at, ...(also === null ? {} : { also }) };
}

/** Where a row stands. */
interface RawPlace {
  readonly id: string;
  readonly chain: number;
  readonly seq: string;
  readonly hash: string;
}

/** Where to read on, and how much. */
export interface Window {
  /** Rows with higher ids than this. */
  readonly after: bigint;
  readonly limit: number;
}

/** Rows of these chains behind those that were sent (by the id of the chain), in the order of the database. */
export async function readRowsBehind(
  sql: Sql | TransactionSql,
  sent: ReadonlyMap<number, number>,
  window: Window,
): Promise<readonly LocalRow[]> {
  const rows = await readRecordsBehind(sql, sent, window);
  return rows.map(({ record, ...place }) => ({ ...place, text: canonicalText(record) }));
}

/** The same rows, with what the records say. */
export async function readRecordsBehind(
  sql: Sql | TransactionSql,
  sent: ReadonlyMap<number, number>,
  window: Window,
): Promise<readonly PlacedRow[]> {
  const rows = await sql<(RawPlace & RawRecord)[]>`
    select id::text, chain, seq::text, encode(hash, 'hex') as hash, ${recordColumns(sql)}
    from messages m where m.id > ${String(window.after)}::bigint and ${isBehind(sql, sent)} order by m.id limit ${window.limit}`;
  return rows.map(({ id, chain, seq, hash, ...record }) => ({
    id: BigInt(id),
    chain,
    seq: Number(seq),
    hash,
    record: recordOfRow(record),
  }));
}

function inUtc(sql: Sql | TransactionSql): Fragment {
  return sql`to_char("timestamp" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** The condition that a row of `m` stands in one of these chains behind the number told. */
export const isBehind = (sql: Sql | TransactionSql, heads: ReadonlyMap<number, number>): Fragment => {
  const chains = arrayLiteral([...heads.keys()].map(String));
  const numbers = arrayLiteral([...heads.values()].map(String));
  return sql`exists (
    select from unnest(${chains}::int[], ${numbers}::bigint[]) as q(chain, seq) where q.chain = m.chain and m.seq > q.seq)`;
};
