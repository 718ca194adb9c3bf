import type { JudgeSignature } from '../core/audit/checkpoint.ts';
import { judgePush, type Sender } from '../core/audit/judge-push.ts';
import type { PushedRecords, PushOutcome } from '../core/audit/pushed.ts';
import { appendLinked, sha256, storeOpening, type WrittenChain } from './audit-chain.ts';
import { storeNewest } from './audit-checkpoints.ts';
import type { TransactionSql } from './connection.ts';

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
  const { head } = await appendLinked(sql, written, pushed.records.slice(verdict.skip), verdict.links);
  if (verdict.links.length > 0)
    await storeNewest(sql, written.id, head, { ...pushed.signature, certificate: sender.certificate });
  return { node, chain, stored: true, head };
}

/** A chain as it stands here, held to the end of the transaction; null when it is not known. */
async function heldChain(sql: TransactionSql, { node, chain }: PushedRecords): Promise<WrittenChain | null> {
  // Whoever pushes the same chain at the same time waits here, also when neither finds it.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`${node} ${chain}`}, 0))`;
  const [row] = await sql<{ id: number; seq: string; hash: string }[]>`
    select id, seq::text, encode(hash, 'hex') as hash from chains where node = ${node} and chain = ${chain}`;
  return row === undefined ? null : { id: row.id, head: { seq: Number(row.seq), hash: row.hash } };
}
