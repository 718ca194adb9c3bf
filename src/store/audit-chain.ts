import { hash, randomBytes } from 'node:crypto';
import type { AuditRecord } from '../core/audit/audit-record.ts';
import { canonicalText } from '../core/audit/canonical.ts';
import {
  type ChainHead,
  type ChainLink,
  linksOfTexts,
  openChain,
  type OpeningFacts,
} from '../core/audit/chain.ts';
import type { InstanceAddress, Sql, TransactionSql } from './connection.ts';

/** The audit database of a node, and whose records are written there. */
export interface TrailAddress extends InstanceAddress {
  /** The name of the node. */
  readonly node: string;
}

/** A chain that is being written: its row in `chains`, and where it stands. */
export interface WrittenChain {
  readonly id: number;
  readonly head: ChainHead;
}

/** SHA-256, hexadecimal. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

/** Begins a chain of the node, behind the one that it has begun last. */
export async function beginChain(sql: Sql | TransactionSql, node: string): Promise<WrittenChain> {
  const [newest] = await sql<{ chain: string; seq: string; hash: string }[]>`
    select chain, seq::text, encode(hash, 'hex') as hash from chains
    where node = ${node} order by id desc limit 1`;
  const before =
    newest === undefined ? null : { chain: newest.chain, seq: Number(newest.seq), hash: newest.hash };
  return storeOpening(sql, { node, chain: randomBytes(12).toString('base64url'), before });
}

/** Notes a chain without records. */
export async function storeOpening(sql: Sql | TransactionSql, facts: OpeningFacts): Promise<WrittenChain> {
  const { node, chain, before } = facts;
  const head = openChain(facts, sha256);
  const [made] = await sql<{ id: number }[]>`
    insert into chains (node, chain, before_chain, before_seq, before_hash, opening, hash, after_id)
    values (${node}, ${chain}, ${before?.chain ?? null}, ${before?.seq ?? null},
      decode(${before?.hash ?? null}, 'hex'), decode(${head.hash}, 'hex'), decode(${head.hash}, 'hex'), 
        (select case when is_called then last_value else last_value - 1 end from messages_ids))
    returning id`;
  if (made === undefined) throw new Error('the chain was not made');
  return { id: made.id, head };
}

/**
 * Puts records behind the chain, in their order: all of them, or none when the chain does not stand where it should.
 *
 * @returns the chain as it stands then
 */
export async function appendToChain(
  sql: Sql | TransactionSql,
  chain: WrittenChain,
  records: readonly AuditRecord[],
): Promise<WrittenChain> {
  const sound = records.map(storable);
  const links = linksOfTexts(
    chain.head,
    sound.map(({ text }) => text),
    sha256,
  );
  return appendLinked(
    sql,
    chain,
    sound.map(({ record }) => record),
    links,
  );
}

async function appendLinked(
  sql: Sql | TransactionSql,
  chain: WrittenChain,
  records: readonly AuditRecord[],
  links: readonly ChainLink[],
): Promise<WrittenChain> {
  const head = links.at(-1);
  if (head === undefined) return chain;
  const rows = records.map((record, index) => ({ ...record, ...links[index] }));
  const { count } = await sql`
    with moved as (
      update chains set seq = ${head.seq}, hash = decode(${head.hash}, 'hex')
      where id = ${chain.id} and seq = ${chain.head.seq} returning id)
    insert into messages (segment, chain, seq, hash, facility, severity, "timestamp", appname, procid, msgid, sdata,
      message, also)
    select (select max(number) from segments), moved.id, r.seq, decode(r.hash, 'hex'), r.facility, r.severity,
      r."timestamp", r.appname, r.procid, r.msgid, r.sdata, r.message, r.also
    from moved, jsonb_to_recordset(${sql.json(rows)}) as r(
      seq bigint, hash text, facility int, severity int, "timestamp" timestamptz, appname text, procid text, msgid text,
      sdata jsonb, message text, also jsonb)`;
  if (count !== rows.length) throw new Error('the chain does not stand where this node left it');
  return { id: chain.id, head: { seq: head.seq, hash: head.hash } };
}

/** Notes that the chain stands there now. @throws when it does not stand where it should */
export async function moveChain(
  sql: Sql | TransactionSql,
  { id, head }: WrittenChain,
  to: ChainHead,
): Promise<void> {
  const { count } = await sql`
    update chains set seq = ${to.seq}, hash = decode(${to.hash}, 'hex') where id = ${id} and seq = ${head.seq}`;
  if (count !== 1) throw new Error('the chain does not stand where this node left it');
}

/** The record, with a sign in place of what no text of PostgreSQL can hold: a NUL, half a surrogate pair. */
function storable(record: AuditRecord): { readonly record: AuditRecord; readonly text: string } {
  const text = canonicalText(record);
  // Almost all are; it has both kinds escaped.
  if (!/\\u(?:0000|d[89a-f])/.test(text)) return { record, text };
  const sound = replaced(record);
  return { record: sound, text: canonicalText(sound) };
}

function replaced(record: AuditRecord): AuditRecord {
  const text = (one: string): string => one.replaceAll('\0', '\ufffd').toWellFormed();
  const elements = Object.entries(record.sdata).map(([id, fields]) => {
    return [id, Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, text(value)]))];
  });
  const { also } = record;
  return {
    ...record,
    procid: text(record.procid),
    sdata: Object.fromEntries(elements),
    message: text(record.message),
    ...(also === undefined
      ? {}
      : {
          also: { resources: also.resources.map(text), before: text(also.before), after: text(also.after) },
        }),
  };
}
