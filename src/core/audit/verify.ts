import type { AuditRecord } from './audit-record.ts';
import { type ChainHead, type Digest, linkAfter } from './chain.ts';

/** A row of the trail: what it says, and the link that is stored with it. */
export interface ChainedRecord {
  readonly seq: number;
  readonly hash: string;
  readonly record: AuditRecord;
}

/** What is wrong with a chain, and where. Numbers are those of the chain's records, the first and last of them included. */
export type ChainFault =
  /** What the record says, or its hash, is not what was written. */
  | { readonly kind: 'changed'; readonly seq: number }
  | { readonly kind: 'missing'; readonly from: number; readonly to: number }
  /** There are two records of this number, or it comes after a later one. */
  | { readonly kind: 'inserted'; readonly seq: number }
  /** A node has signed another hash for this number. */
  | { readonly kind: 'forged'; readonly seq: number }
  /** What is said to be a node's signature of this number is none. */
  | { readonly kind: 'badly_signed'; readonly seq: number }
  /** Records up to this one were thrown away, and no node has signed for it. */
  | { readonly kind: 'unsigned'; readonly seq: number };

/** How far a chain was verified. */
export interface Verification {
  readonly head: ChainHead;
  readonly faults: readonly ChainFault[];
}

/** Begins at a place that is known to be right: an opened chain, or the checkpoint that it was pruned to. */
export function beginVerification(head: ChainHead): Verification {
  return { head, faults: [] };
}

/**
 * Goes on with the next row, in the order of numbers. After a fault it takes the row as it stands, so that each fault is told
 * once; the first row after a gap can be held to nothing.
 */
export function verifyNext(before: Verification, row: ChainedRecord, digest: Digest): Verification {
  const { head, faults } = before;
  if (row.seq <= head.seq) return { ...before, faults: [...faults, { kind: 'inserted', seq: row.seq }] };
  const next = { seq: row.seq, hash: row.hash };
  if (row.seq > head.seq + 1) {
    const gap: ChainFault = { kind: 'missing', from: head.seq + 1, to: row.seq - 1 };
    return { head: next, faults: [...faults, gap] };
  }
  const holds = linkAfter(head, row.record, digest).hash === row.hash;
  return { head: next, faults: holds ? faults : [...faults, { kind: 'changed', seq: row.seq }] };
}

/** Holds the head to what a node has signed for its number. */
export function verifyCheckpoint(before: Verification, signed: ChainHead): Verification {
  const { head, faults } = before;
  if (signed.seq !== head.seq || signed.hash === head.hash) return before;
  return { ...before, faults: [...faults, { kind: 'forged', seq: head.seq }] };
}

/** Ends at `last`, which the node says was the last record. */
export function endVerification({ head, faults }: Verification, last: ChainHead): readonly ChainFault[] {
  if (head.seq < last.seq) return [...faults, { kind: 'missing', from: head.seq + 1, to: last.seq }];
  if (head.seq > last.seq) return [...faults, { kind: 'inserted', seq: head.seq }];
  return head.hash === last.hash ? faults : [...faults, { kind: 'forged', seq: head.seq }];
}
