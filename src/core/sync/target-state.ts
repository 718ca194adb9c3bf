/** A permission on a variable that is not of the synchronizer's making. */
export interface ForeignPermit {
  /** The full id of the role. */
  readonly role: string;
  readonly privilege: string;
}

export interface TargetVariable {
  /** `accountKey` of the account whose value it holds; null: the variable is not ours. */
  readonly account: string | null;
  /** Gone from the source, and closed to the safe's groups. */
  readonly disabled: boolean;
  /** Whether the safe's groups have on it what they have on each variable of the safe. */
  readonly permitted: boolean;
  readonly foreignPermits: readonly ForeignPermit[];
}

/** What lies in the vault's branch of the target, by identifier. */
export interface TargetState {
  /** Whether a policy carries the annotation of a safe's branch. */
  readonly policies: ReadonlyMap<string, { readonly ours: boolean }>;
  readonly groups: ReadonlySet<string>;
  readonly variables: ReadonlyMap<string, TargetVariable>;
}

/** What was left behind for an account that was synchronized whole. */
export interface KnownAccount {
  readonly safe: string;
  readonly name: string;
  readonly revision: string | null;
  readonly properties: readonly string[];
}
