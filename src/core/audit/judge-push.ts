import { type ChainHead, type ChainLink, type Digest, linksOfTexts, openChain } from './chain.ts';
import type { JudgeSignature, Place } from './checkpoint.ts';
import { type PushedRecords, type PushRefusal, recordLimit } from './pushed.ts';

/** Who sends records. */
export interface Sender {
  /** By its certificate. */
  readonly node: string;
  /** Whether the cluster declares it. */
  readonly isMember: boolean;
  /** PEM: what its signatures are held to. */
  readonly certificate: string;
}

/** What to store of pushed records: those that are not there yet, with their links; or why nothing. */
export type PushVerdict =
  | { readonly take: true; readonly skip: number; readonly links: readonly ChainLink[] }
  | { readonly take: false; readonly because: PushRefusal };

/**
 * Judges the records of one chain.
 *
 * @param head where the chain stands here; null: it is not known here
 * @param judge says whose signature one is
 */
export function judgePush(
  sender: Sender,
  pushed: PushedRecords,
  head: ChainHead | null,
  { digest, judge }: { readonly digest: Digest; readonly judge: JudgeSignature },
): PushVerdict {
  if (pushed.node !== sender.node) return refuse('forged_node');
  if (!sender.isMember) return refuse('removed_node');
  const signature = { ...pushed.signature, certificate: sender.certificate };
  if (judge(lastPlace(pushed), signature) !== sender.node) return refuse('badly_signed');
  const start = head ?? openChain(pushed, digest);
  if (start.seq > pushed.newest) return refuse('old_chain');
  if (pushed.from > start.seq + 1) return refuse('gap');
  // What came twice is there already: a push whose answer was lost is sent again.
  const end = pushed.from + pushed.records.length - 1;
  if (end === start.seq && pushed.hash !== start.hash) return refuse('broken_chain');
  const skip = Math.min(start.seq - pushed.from + 1, pushed.records.length);
  const texts = pushed.records.slice(skip).map(({ text }) => text);
  if (texts.some(({ length }) => length > recordLimit)) return refuse('record_too_large');
  const links = linksOfTexts(start, texts, digest);
  const last = links.at(-1);
  if (last !== undefined && last.hash !== pushed.hash) return refuse('broken_chain');
  return { take: true, skip, links };
}

/** The place that the node has signed. */
function lastPlace({ node, chain, from, records, hash }: PushedRecords): Place {
  return { node, chain, seq: from + records.length - 1, hash };
}

function refuse(because: PushRefusal): PushVerdict {
  return { take: false, because };
}
