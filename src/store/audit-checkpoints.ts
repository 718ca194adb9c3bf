import type { ChainHead, ChainId } from '../core/audit/chain.ts';
import type { Place, Signature, SignPlace } from '../core/audit/checkpoint.ts';
import { sha256 } from './audit-chain.ts';
import type { Sql, TransactionSql } from './connection.ts';

/** A signed place as the trail has it. */
export interface StoredCheckpoint {
  /** What the rows of this database call the chain. */
  readonly chain: number;
  readonly place: Place;
  readonly signature: Signature;
}

/** Keeps what a node has signed. The first signature of a place stays. */
export async function storeCheckpoint(
  sql: Sql | TransactionSql,
  chain: number,
  { seq, hash }: ChainHead,
  { signedAt, signature, certificate }: Signature,
): Promise<void> {
  const fingerprint = sha256(certificate);
  await sql`
    insert into signers (certificate, fingerprint) values (${certificate}, decode(${fingerprint}, 'hex'))
    on conflict (fingerprint) do nothing`;
  await sql`
    insert into checkpoints (chain, seq, hash, signed_at, signature, signer)
    select ${chain}, ${seq}, decode(${hash}, 'hex'), ${signedAt}::text::timestamptz, decode(${signature}, 'base64'), id
    from signers where fingerprint = decode(${fingerprint}, 'hex')
    on conflict do nothing`;
}

/** Keeps what a node has signed of a chain that grows all the time: one place for each minute, the last of it. */
export async function storeNewest(
  sql: TransactionSql,
  chain: number,
  head: ChainHead,
  signature: Signature,
): Promise<void> {
  await sql`
    delete from checkpoints where chain = ${chain} and seq < ${head.seq}
      and signed_at > date_trunc('minute', ${signature.signedAt}::text::timestamptz)`;
  await storeCheckpoint(sql, chain, head, signature);
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

/** Everything that was signed of these chains. */
export async function readCheckpoints(
  sql: Sql | TransactionSql,
  chains: readonly (ChainId & { readonly id: number })[],
): Promise<readonly StoredCheckpoint[]> {
  const byId = new Map(chains.map((chain) => [chain.id, chain]));
  const rows = await sql<
    {
      chain: number;
      seq: string;
      hash: string;
      signedAt: string;
      signature: string;
      certificate: string;
    }[]
  >`
    select p.chain, p.seq::text, encode(p.hash, 'hex') as hash,
      to_char(p.signed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "signedAt",
      translate(encode(p.signature, 'base64'), E'\\n', '') as signature, s.certificate
    from checkpoints p join signers s on s.id = p.signer order by p.chain, p.seq`;
  return rows.flatMap(({ chain: id, seq, hash, ...signature }) => {
    const chain = byId.get(id);
    if (chain === undefined) return []; // its foreign key says that there is none
    const place = { node: chain.node, chain: chain.chain, seq: Number(seq), hash };
    return [{ chain: id, place, signature }];
  });
}
