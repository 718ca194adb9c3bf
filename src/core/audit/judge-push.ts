import { canonicalText } from './canonical.ts';
import { type ChainHead, type ChainLink, type Digest, linksAfter, openChain } from './chain.ts';
import { type PushedRecords, type PushRefusal, recordLimit } from './pushed.ts';

/** Who sends records. */
export interface Sender {
  /** By its certificate. */
  readonly node: string;
  /** Whether the cluster declares it. */
  readonly isMember: boolean;
}

/** What to store of pushed records: those that are not there yet, with their links; or why nothing. */
export type PushVerdict =
  | { readonly take: true; readonly skip: number; readonly links: readonly ChainLink[] }
  | { readonly take: false; readonly because: PushRefusal };

/**
 * Judges the records of one chain.
 *
 * @param head where the chain stands here; null: it is not known here
 */
export function judgePush(
  sender: Sender,
  pushed: PushedRecords,
  head: ChainHead | null,
  digest: Digest,
): PushVerdict {
  if (pushed.node !== sender.node) return refuse('forged_node');
  if (!sender.isMember) return refuse('removed_node');
  const start = head ?? openChain(pushed, digest);
  if (pushed.from > start.seq + 1) return refuse('gap');
  // What came twice is there already: a push whose answer was lost is sent again.
  const skip = Math.min(start.seq - pushed.from + 1, pushed.records.length);
  const fresh = pushed.records.slice(skip);
  if (fresh.some((record) => canonicalText(record).length > recordLimit)) return refuse('record_too_large');
  const links = linksAfter(start, fresh, digest);
  const last = links.at(-1);
  if (last !== undefined && last.hash !== pushed.hash) return refuse('broken_chain');
  return { take: true, skip, links };
}

function refuse(because: PushRefusal): PushVerdict {
  return { take: false, because };
}
