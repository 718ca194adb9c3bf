import type { AccountWork } from '../../core/sync/plan.ts';
import type { SourceAccount } from '../../core/sync/source-state.ts';

/** So many variables are read from the target in one request at most. */
const mostVariables = 30;

/** Accounts of one safe whose values are looked at together. */
export interface WorkUnit<A extends SourceAccount> {
  readonly branch: string;
  readonly accounts: readonly AccountWork<A>[];
}

/** Cuts the work into units. Those of safes in `last` come last, in that order: their policies are loaded meanwhile. */
export function workUnits<A extends SourceAccount>(
  work: readonly AccountWork<A>[],
  branchOf: (work: AccountWork<A>) => string,
  last: readonly string[],
): readonly WorkUnit<A>[] {
  const byBranch = Map.groupBy(work, branchOf);
  const first = [...byBranch.keys()].filter((branch) => !last.includes(branch));
  return [...first, ...last].flatMap((branch) => unitsOf(branch, byBranch.get(branch) ?? []));
}

function unitsOf<A extends SourceAccount>(
  branch: string,
  accounts: readonly AccountWork<A>[],
): readonly WorkUnit<A>[] {
  const units: { readonly branch: string; readonly accounts: AccountWork<A>[] }[] = [];
  let variables = Number.POSITIVE_INFINITY;
  for (const account of accounts) {
    if (variables + account.variables.length > mostVariables) {
      units.push({ branch, accounts: [] });
      variables = 0;
    }
    units.at(-1)?.accounts.push(account);
    variables += account.variables.length;
  }
  return units;
}
