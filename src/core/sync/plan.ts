import type { SourceAccount } from './source-state.ts';
import type { ForeignPermit } from './target-state.ts';

/** A variable to be made. */
export interface NewVariable {
  /** Below the safe's branch. */
  readonly path: string;
  readonly account: string;
  readonly accountsAnnotation: string;
  /** Permissions that others gave on the variable under its name before. */
  readonly permits: readonly ForeignPermit[];
}

/** What one safe's branch needs, in this order; values come after `create` and before `disable` and `remove`. */
export interface SafePlan {
  readonly lob: string;
  readonly safe: string;
  readonly branch: string;
  readonly create: readonly NewVariable[];
  /** Were disabled, and are back. */
  readonly enable: readonly NewVariable[];
  /** Have the name of an account that is another one now. */
  readonly rekey: readonly NewVariable[];
  readonly disable: readonly string[];
  readonly remove: readonly string[];
}

/** Branches and groups that are missing, outermost first. */
export interface Skeleton {
  readonly vault: boolean;
  readonly lobs: readonly string[];
  readonly safes: readonly { readonly lob: string; readonly safe: string }[];
}

/** An account whose values are to be read and, where they differ, written. */
export interface AccountWork<A extends SourceAccount> {
  readonly account: A;
  readonly key: string;
  readonly lob: string;
  readonly safe: string;
  readonly variables: readonly {
    readonly property: string;
    readonly identifier: string;
    /** There can be no value in it yet. */
    readonly isNew: boolean;
  }[];
}

/** What people should know, and what the pass does not do because of it. */
export type Report =
  | {
      readonly code: 'source_failed';
      readonly lob: string;
      readonly safe: string | null;
      readonly fault: string;
    }
  | {
      readonly code: 'source_empty';
      readonly lob: string;
      readonly safe: string | null;
      readonly kept: number;
    }
  | { readonly code: 'safe_vanished'; readonly branch: string; readonly kept: number }
  | {
      readonly code: 'name_shared';
      readonly branch: string;
      readonly name: string;
      readonly accounts: readonly string[];
    }
  | {
      readonly code: 'account_twice';
      readonly branch: string;
      readonly account: string;
      readonly names: readonly string[];
    }
  | { readonly code: 'account_empty'; readonly branch: string; readonly account: string }
  | {
      readonly code: 'name_too_long';
      readonly branch: string;
      readonly account: string;
      readonly bytes: number;
    }
  | { readonly code: 'branch_foreign'; readonly branch: string }
  | { readonly code: 'variable_foreign'; readonly identifier: string }
  | { readonly code: 'renamed'; readonly from: string; readonly to: string }
  | { readonly code: 'name_reused'; readonly identifier: string }
  | { readonly code: 'retained'; readonly identifier: string };

export interface SyncPlan<A extends SourceAccount> {
  readonly skeleton: Skeleton;
  readonly safes: readonly SafePlan[];
  readonly accounts: readonly AccountWork<A>[];
  /** Accounts that are as they were left. */
  readonly unchanged: number;
  readonly reports: readonly Report[];
  /** What would be removed is more than one pass may: nothing of the plan may be done. */
  readonly stopped: { readonly removals: number; readonly allowed: number } | null;
}
