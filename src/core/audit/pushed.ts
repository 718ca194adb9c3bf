import type { ChainHead, ChainId, OpeningFacts } from './chain.ts';
import type { Signature } from './checkpoint.ts';

/** A record as it travels to the master. */
export interface CarriedRecord {
  /** Its canonical text, which its hash is of. */
  readonly text: string;
  /** What of it goes into a row, in the words of the store; it is made as it comes, so that nothing else of it is kept. */
  readonly row: string;
}

/** Records of one chain, one behind the other, as a node sends them to the master. */
export interface PushedRecords extends OpeningFacts {
  /** The number of the first. */
  readonly from: number;
  /** The number of the newest record of the chain, as its node has it. */
  readonly newest: number;
  readonly records: readonly CarriedRecord[];
  /** The hash of the last: whoever computes another has other records, or another chain. */
  readonly hash: string;
  /** What the node says of that last place with its key. */
  readonly signature: Omit<Signature, 'certificate'>;
}

/** Why records of a chain were not taken. */
export type PushRefusal =
  /** The node that sends them is another than the one that wrote them, by its certificate. */
  | 'forged_node'
  /** The node does not belong to the cluster any more. */
  | 'removed_node'
  /** The records do not lead to the hash, or the chain was opened otherwise. */
  | 'broken_chain'
  /** The chain has more records here than its node has: that went back in time, as a snapshot of a machine does. */
  | 'old_chain'
  /** The signature is not that of the node. */
  | 'badly_signed'
  /** Records before these are not there yet. */
  | 'gap'
  | 'record_too_large'
  | 'malformed';

/** What became of the records of one chain. */
export type PushOutcome = ChainId &
  (
    | { readonly stored: true; readonly head: ChainHead }
    | {
        readonly stored: false;
        readonly because: PushRefusal;
        /** Where the chain stands here; null: nobody knows it here. */
        readonly seq: number | null;
      }
  );

/** Characters of the text of a record. The longest name of a resource, and a batch of them, fit many times. */
export const recordLimit: number = 1024 * 1024;

/** What a chain of a push says of itself, before its records. */
export type PushedHeader = Omit<PushedRecords, 'records'>;

/**
 * A chain as it travels: a line of JSON that says which it is and how many records follow, and a line for each record, its
 * canonical text. So the receiver holds to the hash what came, and takes nothing apart to put it together again.
 */
export function pushBody(header: PushedHeader, texts: readonly string[]): string {
  return `${[JSON.stringify({ ...header, records: texts.length }), ...texts].join('\n')}\n`;
}
