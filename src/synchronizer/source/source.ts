import type { Secret } from '../../core/secret.ts';
import type { SourceAccount, SourceLob, SourceSafe } from '../../core/sync/source-state.ts';

/** The bytes of one value. */
export type SecretBytes = Secret<Uint8Array<ArrayBuffer>>;

/** An account that a source has listed, and how its values are had. */
export interface ListedAccount extends SourceAccount {
  /**
   * The values by property, read now: nobody keeps them.
   *
   * @throws Problem `source_…` for this account alone
   */
  readonly read: (signal: AbortSignal) => Promise<ReadonlyMap<string, SecretBytes>>;
}

/** Where accounts come from. What it does not answer is a reading that failed, never an empty one. */
export interface Source {
  /** @param safes list those of these names alone; null: all of them */
  readonly list: (
    safes: readonly string[] | null,
    signal: AbortSignal,
  ) => Promise<readonly SourceLob<ListedAccount>[]>;
  /** Ends sessions. What fails then no longer matters. */
  readonly close: () => Promise<void>;
}

export type ListedLob = SourceLob<ListedAccount>;
export type ListedSafe = SourceSafe<ListedAccount>;
