import type { ChainHead } from '../core/audit/chain.ts';
import type { Signature, SignPlace } from '../core/audit/checkpoint.ts';
import type { ExportedCheckpoint } from '../core/audit/exported.ts';
import { sha256 } from './audit-chain.ts';
import type { Fragment, Sql, TransactionSql } from './connection.ts';

/** Keeps what a node has signed. The first signature of a place stays. */
export async function storeCheckpoint(
  sql: Sql | TransactionSql,
  chain: number,
  head: ChainHead,
  signature: Signature,
): Promise<void> {
  await insertCheckpoint(sql, { chain, head, signature }, sql``);
}

/** Keeps what a node has signed of a chain that grows all the time: one place for each minute, the last of it. */
export async function storeNewest(
  sql: TransactionSql,
  chain: number,
  head: ChainHead,
  signature: Signature,
): Promise<void> {
  const gone = sql`, gone as (
    delete from checkpoints where chain = ${chain} and seq < ${head.seq}
      and seq > coalesce((select pruned_seq from chains where id = ${chain}), 0)
      and signed_at > date_trunc('minute', ${signature.signedAt}::text::timestamptz))`;
  await insertCheckpoint(sql, { chain, head, signature }, gone);
}

/** A signer that is known costs no number: those would end one day. */
async function insertCheckpoint(
  sql: Sql | TransactionSql,
  { chain, head, signature: signed }: Signed,
  besides: Fragment,
): Promise<void> {
  const { signedAt, signature, certificate } = signed;
  await sql`
    with known as (select id from signers where fingerprint = decode(${sha256(certificate)}, 'hex')),
    added as (
      insert into signers (certificate, fingerprint)
      select ${certificate}, decode(${sha256(certificate)}, 'hex') where not exists (select from known)
      on conflict (fingerprint) do update set certificate = excluded.certificate
      returning id)${besides}
    insert into checkpoints (chain, seq, hash, signed_at, signature, signer)
    select ${chain}, ${head.seq}, decode(${head.hash}, 'hex'), ${signedAt}::text::timestamptz,
      decode(${signature}, 'base64'), id
    from (select id from known union all select id from added) as signer
    on conflict do nothing`;
}

/** A place of a chain, and what a node says of it. */
interface Signed {
  readonly chain: number;
  readonly head: ChainHead;
  readonly signature: Signature;
}

/** Signs the ends of the node's own chains, where they have moved since. */
export async function signHeads(sql: Sql, node: string, sign: SignPlace): Promise<void> {
  const moved = await sql<{ id: number; chain: string; seq: string; hash: string }[]>`
    select id, chain, seq::text, encode(hash, 'hex') as hash from chains c
    where node = ${node} and seq > 0
      and not exists (select from checkpoints p where p.chain = c.id and p.seq >= c.seq)`;
  for (const { id, chain, seq, hash } of moved) {
    const head = { seq: Number(seq), hash };
    await storeCheckpoint(sql, id, head, sign({ node, chain, ...head }));
  }
}

/** Where to read on: behind this place, in the order of chains and numbers. */
export interface CheckpointPage {
  readonly chain: number;
  readonly seq: number;
  readonly limit: number;
}

/** A page of what was signed. */
export async function readCheckpoints(
  sql: Sql | TransactionSql,
  { chain, seq, limit }: CheckpointPage,
): Promise<readonly ExportedCheckpoint[]> {
  const rows = await sql<(Omit<ExportedCheckpoint, 'seq'> & { readonly seq: string })[]>`
    select p.chain, p.seq::text, encode(p.hash, 'hex') as hash,
      to_char(p.signed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "signedAt",
      translate(encode(p.signature, 'base64'), E'\\n', '') as signature, s.certificate
    from checkpoints p join signers s on s.id = p.signer
    where (p.chain, p.seq) > (${chain}, ${seq}) order by p.chain, p.seq limit ${limit}`;
  return rows.map((row) => ({ ...row, seq: Number(row.seq) }));
}

/** Signed places that are older than this are kept one an hour. */
const thinAfter = '2 days';

/** Throws away signed places that later ones vouch for. Where records were thrown away, theirs stays. */
export async function thinCheckpoints(sql: Sql): Promise<void> {
  await sql`
    delete from checkpoints p
    where signed_at < now() - ${thinAfter}::interval
      and exists (select from checkpoints q where q.chain = p.chain and q.seq > p.seq
        and date_trunc('hour', q.signed_at) = date_trunc('hour', p.signed_at))
      and not exists (select from chains c where c.id = p.chain and c.pruned_seq = p.seq)`;
}
