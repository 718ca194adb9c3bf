import type { AccountWork } from '../../core/sync/plan.ts';
import type { SourceAccount } from '../../core/sync/source-state.ts';

/** Of one unit, unless one account alone has more. */
const mostVariables = 30;

/** Accounts of one safe whose values are looked at together. */
export interface WorkUnit<A extends SourceAccount> {
  readonly branch: string;
  readonly accounts: readonly AccountWork<A>[];
}

export interface WorkOrder {
  /** Branches of safes whose policies are loaded meanwhile: they come after the others, in that order. */
  readonly last: readonly string[];
  /**
   * Keys of accounts for which the source failed before: they come after all others, the one that was asked longest ago first. Wherever
   * a source is given up then, each of them has its turn within a few passes.
   */
  readonly failing: ReadonlySet<string>;
}

/** Cuts the work into units. */
export function workUnits<A extends SourceAccount>(
  work: readonly AccountWork<A>[],
  branchOf: (work: AccountWork<A>) => string,
  { last, failing }: WorkOrder,
): readonly WorkUnit<A>[] {
  const byBranch = Map.groupBy(
    work.filter(({ key }) => !failing.has(key)),
    branchOf,
  );
  const first = [...byBranch.keys()].filter((branch) => !last.includes(branch));
  const rank = new Map(Array.from(failing, (key, at) => [key, at]));
  const again = work
    .filter(({ key }) => failing.has(key))
    .sort((one, other) => (rank.get(one.key) ?? 0) - (rank.get(other.key) ?? 0));
  return [
    ...[...first, ...last].flatMap((branch) => unitsOf(branch, byBranch.get(branch) ?? [])),
    ...Array.from(Map.groupBy(again, branchOf)).flatMap(([branch, accounts]) => unitsOf(branch, accounts)),
  ];
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
