import type { AuditRecord } from '../core/audit/audit-record.ts';
import type { JudgeSignature } from '../core/audit/checkpoint.ts';
import { judgePush, type Sender } from '../core/audit/judge-push.ts';
import type { ChainLink } from '../core/audit/chain.ts';
import type { CarriedRecord, PushedRecords, PushOutcome } from '../core/audit/pushed.ts';
import { moveChain, sha256, storeOpening, type WrittenChain } from './audit-chain.ts';
import { storeNewest } from './audit-checkpoints.ts';
import type { TransactionSql } from './connection.ts';
import { copyColumns, copyIn } from './copy-in.ts';

/**
 * Takes the records of one chain into the trail, inside a transaction: those that are not there yet. They are there for good
 * once that is committed, on the synchronous standby too.
 */
export async function takePushed(
  sql: TransactionSql,
  { sender, judge }: { readonly sender: Sender; readonly judge: JudgeSignature },
  pushed: PushedRecords,
): Promise<PushOutcome> {
  const { node, chain } = pushed;
  const known = node === sender.node ? await heldChain(sql, pushed) : null;
  const verdict = judgePush(sender, pushed, known?.head ?? null, { digest: sha256, judge });
  if (!verdict.take) {
    return { node, chain, stored: false, because: verdict.because, seq: known?.head.seq ?? null };
  }
  const written = known ?? (await storeOpening(sql, pushed));
  // What came before is not known to be on the standby: a commit that changes something waits for that.
  if (verdict.links.length === 0) await sql`update chains set seq = seq where id = ${written.id}`;
  const head = verdict.links.at(-1) ?? written.head;
  if (verdict.links.length > 0) {
    await copyRows(sql, written, pushed.records.slice(verdict.skip), verdict.links);
    const signature = { ...pushed.signature, certificate: sender.certificate };
    // What is wrong with the copy ends both.
    await Promise.all([moveChain(sql, written, head), storeNewest(sql, written.id, head, signature)]);
  }
  return { node, chain, stored: true, head };
}

/** A chain as it stands here, held to the end of the transaction; null when it is not known. */
async function heldChain(sql: TransactionSql, { node, chain }: PushedRecords): Promise<WrittenChain | null> {
  // Whoever pushes the same chain at the same time waits here, also when neither finds it. Both are sent at once, and
  // the second begins, and looks, when the first has the lock.
  const [, [row]] = await Promise.all([
    sql`select pg_advisory_xact_lock(hashtextextended(${`${node} ${chain}`}, 0))`,
    sql<{ id: number; seq: string; hash: string }[]>`
      select id, seq::text, encode(hash, 'hex') as hash from chains where node = ${node} and chain = ${chain}`,
  ]);
  return row === undefined ? null : { id: row.id, head: { seq: Number(row.seq), hash: row.hash } };
}

const placeColumns = 'segment, chain, seq, hash';
const recordColumns = 'facility, severity, "timestamp", appname, procid, msgid, sdata, message, also';

/** What of a record goes into a row of `messages`, as COPY reads it. */
export function messageRow(
  record: Omit<AuditRecord, 'sdata' | 'also'>,
  sdata: AuditRecord['sdata'],
  also: NonNullable<AuditRecord['also']> | null,
): string {
  const { facility, severity, timestamp, appname, procid, msgid, message } = record;
  const more = also === null ? null : JSON.stringify(also);
  return copyColumns([
    facility,
    severity,
    timestamp,
    appname,
    procid,
    msgid,
    JSON.stringify(sdata),
    message,
    more,
  ]);
}

/** Puts records behind the chain: half of what `insert` takes of the processor. What goes wrong the next statement tells. */
async function copyRows(
  sql: TransactionSql,
  { id }: WrittenChain,
  records: readonly CarriedRecord[],
  links: readonly ChainLink[],
): Promise<void> {
  const [newest] = await sql<{ segment: number }[]>`select max(number) as segment from segments`;
  if (newest === undefined) throw new Error('there is no segment');
  const place = copyColumns([newest.segment, id]);
  const rows = records.map(({ row }, index) => {
    const link = links[index];
    if (link === undefined) throw new Error('a record without a link');
    return `${place}\t${link.seq}\t\\\\x${link.hash}\t${row}\n`;
  });
  await copyIn(sql, `copy messages (${placeColumns}, ${recordColumns}) from stdin`, rows.join(''));
}
