import type { SourceAccount } from './source-state.ts';
import type { ForeignPermit } from './target-state.ts';

/** A variable and whose value it is to hold. */
export interface NewVariable {
  /** Below the safe's branch. */
  readonly path: string;
  readonly account: string;
  readonly accountsAnnotation: string;
  /** Permissions that others gave on the account's variable under its name before. */
  readonly permits: readonly ForeignPermit[];
}

/** A variable on which permissions are missing. */
export interface PermitVariable {
  readonly path: string;
  readonly account: string;
  /** Those of the safe's groups. */
  readonly ofGroups: boolean;
  readonly permits: readonly ForeignPermit[];
}

/** A variable that is wanted no more. */
export interface GoneVariable {
  readonly path: string;
  readonly account: string;
}

/** A variable that held the value of another account. */
export interface ReusedVariable extends NewVariable {
  readonly formerAccount: string;
}

/** What one safe's branch needs, in this order; values come after `replace` and before `disable` and `remove`. */
export interface SafePlan {
  readonly lob: string;
  readonly safe: string;
  readonly branch: string;
  readonly create: readonly NewVariable[];
  readonly permit: readonly PermitVariable[];
  /** Were disabled, and are back. */
  readonly enable: readonly NewVariable[];
  /** Have the name of an account that is another one now, and nobody but the safe's groups is permitted anything on them. */
  readonly rekey: readonly ReusedVariable[];
  /**
   * The same, where single roles are permitted something before or after: they are deleted and made anew. What another policy
   * permitted cannot be denied, and versions before stay readable for whoever is let in.
   */
  readonly replace: readonly ReusedVariable[];
  /** Left of passes that ended while they made variables anew: they hold permissions and no value, and go when those are there. */
  readonly parked: readonly GoneVariable[];
  readonly disable: readonly GoneVariable[];
  readonly remove: readonly GoneVariable[];
}

/** Branches and groups that are missing, outermost first. */
export interface Skeleton {
  readonly vault: boolean;
  readonly lobs: readonly string[];
  readonly safes: readonly { readonly lob: string; readonly safe: string }[];
}

/** Before the pass: `nothing` (it is made by the pass), the `own` value of the account, or that of `another` account. */
export type VariableContent = 'nothing' | 'own' | 'another';

/** An account whose values are to be read and, where they differ, written. */
export interface AccountWork<A extends SourceAccount> {
  readonly account: A;
  readonly key: string;
  readonly lob: string;
  readonly safe: string;
  readonly variables: readonly {
    readonly property: string;
    readonly identifier: string;
    readonly holds: VariableContent;
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
      readonly code: 'account_unread';
      readonly branch: string;
      readonly account: string;
      readonly fault: string;
    }
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
  /** Holds the value of an account (its id) that is called otherwise and cannot be written now, so who has its name now waits. */
  | { readonly code: 'name_held'; readonly identifier: string; readonly account: string }
  /** The groups of the safe lacked permissions, which were given again or, where drift is only told, were not. */
  | { readonly code: 'permits_lost'; readonly identifier: string; readonly mended: boolean }
  /** Somebody else wrote another value, which stays. */
  | { readonly code: 'value_drifted'; readonly identifier: string }
  | { readonly code: 'retained'; readonly identifier: string }
  /** Variables that the source has no more are neither removed nor closed by this pass. */
  | {
      readonly code: 'removal_withheld';
      readonly branch: string;
      /**
       * `account_unread`: one of the safe's accounts could be any. `policy_failed`: of the safe. `source_failed`: it did not answer for
       * accounts of the safe. `account_failed`: theirs is not yet as it should be under its other names.
       */
      readonly because: 'account_unread' | 'policy_failed' | 'source_failed' | 'account_failed';
      readonly kept: number;
      /** The first of them. */
      readonly identifiers: readonly string[];
    };

/** Too much would be removed. */
export interface Stop {
  readonly removals: number;
  readonly allowed: number;
  /** The first of what would be removed, by identifier. */
  readonly identifiers: readonly string[];
}

export interface SyncPlan<A extends SourceAccount> {
  readonly skeleton: Skeleton;
  readonly safes: readonly SafePlan[];
  readonly accounts: readonly AccountWork<A>[];
  /** Accounts that are as they were left. */
  readonly unchanged: number;
  readonly reports: readonly Report[];
  /** What would be removed is more than one pass may: nothing of the plan may be done. */
  readonly stopped: Stop | null;
}
