import { delegationGroups, type Layout, vaultBranch } from '../../core/sync/layout.ts';
import type { KnownAccount, TargetState } from '../../core/sync/target-state.ts';

/** What was left in one of our variables. */
export interface LeftVariable {
  readonly account: string;
  readonly disabled: boolean;
  /** Of the value that was written last; null: none was. */
  readonly digest: string | null;
}

/** What a synchronizer remembers between passes: ids, times and digests, no value. */
export interface SyncState {
  /** Which server, account and branch this is about: of another it is of no use. */
  readonly target: string;
  /** Unix time of the last pass that looked at everything, milliseconds; null: there was none. */
  fullCheckAtMs: number | null;
  /** Accounts all of whose values are in the target. */
  readonly accounts: Map<string, KnownAccount>;
  readonly variables: Map<string, LeftVariable>;
  /** Branches of safes that are whole. */
  readonly branches: Set<string>;
}

export function emptyState(target: string): SyncState {
  return { target, fullCheckAtMs: null, accounts: new Map(), variables: new Map(), branches: new Set() };
}

/**
 * Believes of accounts only what was seen of those in `verified`: others may have written since. Their values are read, and written,
 * by the next pass that can.
 */
export function forgetUnverified(state: SyncState, verified: ReadonlySet<string>): void {
  for (const key of state.accounts.keys()) if (!verified.has(key)) state.accounts.delete(key);
  for (const [identifier, left] of state.variables) {
    if (!verified.has(left.account)) state.variables.set(identifier, { ...left, digest: null });
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
      Array.from(variables, ([identifier, { account, disabled }]) => [
        identifier,
        { account, disabled, foreignPermits: [] },
      ]),
    ),
  };
}

/** Takes over what was read of the target; digests stay with the variables that are still ours. */
export function adoptTarget(layout: Layout, state: SyncState, target: TargetState): void {
  const left = new Map(state.variables);
  state.variables.clear();
  for (const [identifier, { account, disabled }] of target.variables) {
    if (account !== null)
      state.variables.set(identifier, { account, disabled, digest: left.get(identifier)?.digest ?? null });
  }
  state.branches.clear();
  for (const [policy, { ours }] of target.policies) {
    if (ours && policy.startsWith(`${vaultBranch(layout)}/`) && isWhole(target, policy))
      state.branches.add(policy);
  }
}

function isWhole({ policies, groups }: TargetState, branch: string): boolean {
  const { consumers, viewers } = delegationGroups(branch);
  return (
    policies.has(`${branch}/delegation`) &&
    [`${branch}-admins`, consumers, viewers].every((group) => groups.has(group))
  );
}
