import type { AuditRecord } from './audit-record.ts';
import { canonicalText } from './canonical.ts';

/** SHA-256 of a text, as hexadecimal digits. */
export type Digest = (text: string) => string;

/**
 * Records that one writer of a node has written one after the other, without a gap: number 1, 2, 3 … A writer whose last batch
 * may or may not have been stored begins another chain.
 */
export interface ChainId {
  readonly node: string;
  /** Told to no other chain of the node, ever. */
  readonly chain: string;
}

/** Where a chain ends: the number and the hash of its newest record. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** What a record has of its chain. */
export type ChainLink = ChainHead;

/** What a chain is opened with. */
export interface OpeningFacts extends ChainId {
  /** The chain that the node had begun before, and where that stood then; null for its first. */
  readonly before: (ChainHead & { readonly chain: string }) | null;
}

/**
 * The end of a chain without records. Its hash holds what the chain is, and where the one before it stood: so neither can be taken
 * away, or changed, without a trace.
 */
export function openChain({ node, chain, before }: OpeningFacts, digest: Digest): ChainHead {
  const earlier = before === null ? null : [before.chain, before.seq, before.hash];
  return { seq: 0, hash: digest(JSON.stringify([node, chain, earlier])) };
}

/** The link of the record that comes after `head`. Its hash holds the one before it, its number and all that it says. */
export function linkAfter(head: ChainHead, record: AuditRecord, digest: Digest): ChainLink {
  return linkOf(head, canonicalText(record), digest);
}

/** The links of records that come after `head` one by one. */
export function linksAfter(
  head: ChainHead,
  records: readonly AuditRecord[],
  digest: Digest,
): readonly ChainLink[] {
  return linksOfTexts(head, records.map(canonicalText), digest);
}

/** As `linksAfter`, of records whose canonical texts are at hand. */
export function linksOfTexts(
  head: ChainHead,
  texts: readonly string[],
  digest: Digest,
): readonly ChainLink[] {
  const links: ChainLink[] = [];
  let last = head;
  for (const text of texts) {
    last = linkOf(last, text, digest);
    links.push(last);
  }
  return links;
}

function linkOf(head: ChainHead, canonical: string, digest: Digest): ChainLink {
  const seq = head.seq + 1;
  return { seq, hash: digest(`${head.hash}\n${seq}\n${canonical}`) };
}
