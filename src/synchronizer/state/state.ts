import { delegationGroups, type Layout, placeOf, vaultBranch } from '../../core/sync/layout.ts';
import { removalWindowMs } from '../../core/sync/rules.ts';
import type { KnownAccount, TargetState } from '../../core/sync/target-state.ts';

/** What was left in one of our variables. */
export interface LeftVariable {
  readonly account: string;
  readonly disabled: boolean;
  /** The safe's groups had on it what they should, when that was seen last. */
  readonly permitted: boolean;
  /** Of the value that was written last; null: none was. */
  readonly digest: string | null;
}

/** A variable that was just made, or that another account has now. */
export function madeVariable(account: string, digest: string | null = null): LeftVariable {
  return { account, disabled: false, permitted: true, digest };
}

/** An account that was synchronized; without a revision, it has to be looked at again. */
export interface LeftAccount extends KnownAccount {
  /** Unix time of the pass that compared its values with the target, milliseconds; null: none did since it failed. */
  readonly comparedAtMs: number | null;
}

/** What a synchronizer remembers between passes: ids, times and digests, no value. */
export interface SyncState {
  /** Which server, account and branch this is about: of another it is of no use. */
  readonly target: string;
  /** Unix time of the last pass that looked at everything in a safe, milliseconds, by branch. */
  readonly checks: Map<string, number>;
  readonly accounts: Map<string, LeftAccount>;
  readonly variables: Map<string, LeftVariable>;
  /** Branches of safes that are whole. */
  readonly branches: Set<string>;
  /** Branches of safes that may not be as they were left: the next pass looks at them. */
  readonly doubtful: Set<string>;
  /** Keys of accounts that are being written: after a pass that ended meanwhile, nothing is believed of them. */
  readonly unsure: Set<string>;
  /** Variables that held what somebody else wrote when they were compared last, and still do: drift is only told. */
  readonly drifted: Set<string>;
  /**
   * Keys of accounts for which the source failed when it was asked last, the one that was asked longest ago first: they come last, so
   * that none of them keeps others waiting for ever.
   */
  readonly failing: Set<string>;
  /** How many variables were removed, and when (Unix time, milliseconds); those that people accepted are not among them. */
  removals: readonly { readonly atMs: number; readonly count: number }[];
}

export function emptyState(target: string): SyncState {
  return {
    target,
    checks: new Map(),
    accounts: new Map(),
    variables: new Map(),
    branches: new Set(),
    doubtful: new Set(),
    unsure: new Set(),
    drifted: new Set(),
    failing: new Set(),
    removals: [],
  };
}

/**
 * Believes of accounts only what was seen of those in `verified`: others may have written since. Their values are read, and written,
 * by the next pass that can.
 */
export function forgetUnverified(state: SyncState, verified: ReadonlySet<string>): void {
  forgetValues(state, (key) => !verified.has(key));
}

/** The same of accounts that a pass was writing when it ended. */
export function forgetUnsure(state: SyncState): void {
  if (state.unsure.size > 0) forgetValues(state, (key) => state.unsure.has(key));
  state.unsure.clear();
}

function forgetValues(state: SyncState, isForgotten: (key: string) => boolean): void {
  for (const [key, left] of state.accounts) {
    if (isForgotten(key)) state.accounts.set(key, { ...left, revision: null, comparedAtMs: null });
  }
  for (const [identifier, left] of state.variables) {
    if (isForgotten(left.account)) state.variables.set(identifier, { ...left, digest: null });
  }
}

/** The target as it was left. */
export function targetOfState(layout: Layout, { variables, branches }: SyncState): TargetState {
  const vault = vaultBranch(layout);
  const policies = new Map<string, { readonly ours: boolean }>();
  const groups = new Set<string>();
  for (const branch of branches) {
    const lob = branch.slice(0, branch.lastIndexOf('/'));
    const { consumers, viewers } = delegationGroups(branch);
    for (const policy of [vault, lob, `${branch}/delegation`]) policies.set(policy, { ours: false });
    policies.set(branch, { ours: true });
    for (const group of [`${branch}-admins`, consumers, viewers]) groups.add(group);
  }
  return {
    policies,
    groups,
    variables: new Map(
      Array.from(variables, ([identifier, { account, disabled, permitted }]) => [
        identifier,
        { account, disabled, permitted, foreignPermits: [] },
      ]),
    ),
  };
}

/**
 * Takes over what was read of the target; digests stay with the variables that are still of the same account, and accounts that none of them names
 * are forgotten.
 *
 * @param branches the safes that were looked at; null: all of them
 */
export function adoptTarget(
  layout: Layout,
  state: SyncState,
  target: TargetState,
  branches: ReadonlySet<string> | null = null,
): void {
  const isLookedAt = (branch: string | undefined): boolean =>
    branches === null || (branch !== undefined && branches.has(branch));
  const left = new Map(state.variables);
  for (const identifier of left.keys())
    if (isLookedAt(placeOf(layout, identifier)?.branch)) state.variables.delete(identifier);
  for (const [identifier, { account, disabled, permitted }] of target.variables) {
    if (account === null || !isLookedAt(placeOf(layout, identifier)?.branch)) continue;
    const before = left.get(identifier);
    const digest = before?.account === account ? before.digest : null;
    state.variables.set(identifier, { account, disabled, permitted, digest });
  }
  for (const branch of [...state.branches]) if (isLookedAt(branch)) state.branches.delete(branch);
  for (const [policy, { ours }] of target.policies) {
    const isOurs = ours && policy.startsWith(`${vaultBranch(layout)}/`) && isWhole(target, policy);
    if (isOurs && isLookedAt(policy)) state.branches.add(policy);
  }
  if (branches === null) forgetNameless(state);
}

/** How many variables were removed within the last `removalWindowMs`. */
export function removedLately({ removals }: SyncState, nowMs: number): number {
  return removals.filter(({ atMs }) => isLate(atMs, nowMs)).reduce((sum, { count }) => sum + count, 0);
}

export function noteRemovals(state: SyncState, count: number, nowMs: number): void {
  state.removals = [...state.removals.filter(({ atMs }) => isLate(atMs, nowMs)), { atMs: nowMs, count }];
}

/** A clock that was set back is forgiven for as long as the window. */
function isLate(atMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < removalWindowMs;
}

function forgetNameless(state: SyncState): void {
  const named = new Set(Array.from(state.variables.values(), ({ account }) => account));
  for (const key of state.accounts.keys()) if (!named.has(key)) state.accounts.delete(key);
  for (const key of state.failing) if (!named.has(key)) state.failing.delete(key);
  for (const identifier of state.drifted)
    if (!state.variables.has(identifier)) state.drifted.delete(identifier);
  for (const branch of state.checks.keys()) if (!state.branches.has(branch)) state.checks.delete(branch);
}

function isWhole({ policies, groups }: TargetState, branch: string): boolean {
  const { consumers, viewers } = delegationGroups(branch);
  return (
    policies.has(`${branch}/delegation`) &&
    [`${branch}-admins`, consumers, viewers].every((group) => groups.has(group))
  );
}
