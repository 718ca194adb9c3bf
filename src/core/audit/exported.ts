import type { AuditRecord } from './audit-record.ts';
import type { ChainHead } from './chain.ts';
import type { Signature } from './checkpoint.ts';
import type { TrailChain } from './trail-verifier.ts';

/** A chain as an export tells of it. */
export interface ExportedChain extends TrailChain {
  /** Its records have higher ids. */
  readonly afterId: bigint;
}

/** A signed place as an export tells of it. */
export interface ExportedCheckpoint extends ChainHead, Signature {
  /** What the rows of this database call the chain. */
  readonly chain: number;
}

/** A row as an export tells of it; what was written before there were chains has none. */
export interface ExportedRow {
  readonly id: bigint;
  readonly node: string | null;
  readonly chain: number | null;
  readonly seq: number | null;
  readonly hash: string | null;
  readonly record: AuditRecord;
}

/** The chains of a trail, and where it stood when they were read. */
export interface ExportedChains {
  readonly chains: readonly ExportedChain[];
  /** Rows that were there then, of the time that was asked for, have ids between these; null: there were none. */
  readonly ids: { readonly first: bigint; readonly last: bigint } | null;
  readonly moment: TrailMoment;
}

/** A moment in the life of the database. */
export interface TrailMoment {
  /** The highest id that had been given out a little before. */
  readonly lastId: bigint;
  /** Whoever had been given an id by then is a transaction with a lower number. */
  readonly begunBefore: bigint;
  /** Transactions with lower numbers had ended, so what they wrote is seen, or never will be. */
  readonly endedBefore: bigint;
}
