import type { ExportedChains, ExportedCheckpoint, ExportedRow } from '../core/audit/exported.ts';
import { type CheckpointPage, readCheckpoints } from './audit-checkpoints.ts';
import { idsOfTime, idsOfTrail, overlap, type TimeSpan } from './audit-list.ts';
import {
  isBehind,
  type RawRecord,
  readChains,
  recordColumns,
  recordOfRow,
  type Window,
} from './audit-rows.ts';
import type { Sql, TransactionSql } from './connection.ts';
import type { Reads } from './reads.ts';

/** The chains of the trail as they stand at one moment, and between which ids the rows of a time lie that were there then. */
export async function exportedChains(reads: Reads, time: TimeSpan): Promise<ExportedChains> {
  const seen = await reads.run(chainsNow);
  return { ...seen, ids: overlap(seen.ids, await idsOfTime(reads, time)) };
}

async function chainsNow(sql: Sql): Promise<ExportedChains> {
  const lastId = await lastGivenId(sql);
  const begunBefore = await nextTransaction(sql);
  return sql.begin('isolation level repeatable read read only', async (tx) => {
    const [row] = await tx<
      { ended: string }[]
    >`select pg_snapshot_xmin(pg_current_snapshot())::text as ended`;
    const moment = { lastId, begunBefore, endedBefore: BigInt(row?.ended ?? 0) };
    return { moment, chains: await readChains(tx), ids: await idsOfTrail(tx) };
  });
}

/** Sequences are in no transaction: it may be that of a row which is not seen yet. */
async function lastGivenId(sql: Sql): Promise<bigint> {
  const [row] = await sql<{ last: string }[]>`
    select (last_value - (not is_called)::int)::text as last from messages_ids`;
  return BigInt(row?.last ?? 0);
}

/**
 * A transaction's number that is higher than those of all who were given an id so far: `appendLinked` moves the chain, which gives
 * its transaction a number, before it takes ids. The upper end of a snapshot is not: it is behind the last one that has *ended*.
 */
async function nextTransaction(sql: Sql): Promise<bigint> {
  const [row] = await sql<{ next: string }[]>`select pg_current_xact_id()::text as next`;
  return BigInt(row?.next ?? 0);
}

/** A page of what nodes have signed. */
export async function exportedCheckpoints(
  reads: Reads,
  page: CheckpointPage,
): Promise<readonly ExportedCheckpoint[]> {
  return reads.run((sql) => readCheckpoints(sql, page));
}

interface RawExported extends RawRecord {
  readonly id: string;
  readonly node: string | null;
  readonly chain: number | null;
  readonly seq: string | null;
  readonly hash: string | null;
}

/**
 * Rows in the order of their ids.
 *
 * @param heads only of these chains (by id), behind these numbers; null: all
 */
export async function exportedRows(
  sql: Sql | TransactionSql,
  { after, limit }: Window,
  heads: ReadonlyMap<number, number> | null,
): Promise<readonly ExportedRow[]> {
  const which = heads === null ? sql`true` : isBehind(sql, heads);
  const rows = await sql<RawExported[]>`
    select id::text, (select c.node from chains c where c.id = m.chain) as node, chain, seq::text,
      encode(hash, 'hex') as hash, ${recordColumns(sql)}
    from messages m where m.id > ${String(after)}::bigint and ${which} order by m.id limit ${limit}`;
  return rows.map(({ id, node, chain, seq, hash, ...record }) => ({
    id: BigInt(id),
    node,
    chain,
    seq: seq === null ? null : Number(seq),
    hash,
    record: recordOfRow(record),
  }));
}
