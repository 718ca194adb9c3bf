/** What came of reading a part of a source. A part that was not read says nothing about what is in it. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: string };

/** An account of a vault as its list shows it. Values are not part of it. */
export interface SourceAccount {
  /** Of the vault, and the same for as long as the account exists, whatever it is called. */
  readonly id: string;
  readonly name: string;
  /** The names of its values: `password`, `username` … */
  readonly properties: readonly string[];
  /** Changes whenever a value may have changed; null: the source does not say, so values are always read. */
  readonly revision: string | null;
  /** Why nothing of it can be told, not even for sure which account it is: then it has no properties. Absent: all can. */
  readonly fault?: string;
}

export interface SourceSafe<A extends SourceAccount> {
  readonly name: string;
  readonly accounts: Reading<readonly A[]>;
}

/** A line of business: a part of the vault that is read with credentials of its own. */
export interface SourceLob<A extends SourceAccount> {
  readonly name: string;
  readonly safes: Reading<readonly SourceSafe<A>[]>;
}
