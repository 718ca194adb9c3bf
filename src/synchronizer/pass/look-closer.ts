import type { ConjurClient } from '../../client/client.ts';
import { Problem } from '../../core/problem.ts';
import { type Layout, lobBranch, safeBranch, vaultBranch } from '../../core/sync/layout.ts';
import type { SyncPlan } from '../../core/sync/plan.ts';
import type { SourceAccount } from '../../core/sync/source-state.ts';
import type { TargetState, TargetVariable } from '../../core/sync/target-state.ts';
import { limited } from '../../runtime/limited.ts';
import { readPolicy, readVariable } from '../target/read-target.ts';

/** More than so many single looks, and the whole target is read at once. */
const mostLooks = 3000;
const looksAtATime = 8;

/**
 * The target as it was left, put right where the plan would change more than values: what is to be made may be there by now, and who
 * was let in to what is renamed is known to the server alone. null: that would be more looks than it is worth; the same: there was
 * nothing to look at.
 */
export async function lookCloser(
  client: ConjurClient,
  layout: Layout,
  left: TargetState,
  plan: SyncPlan<SourceAccount>,
): Promise<TargetState | null> {
  const identifiers = new Set(
    plan.safes.flatMap(({ branch, create, enable, rekey, disable, remove }) => [
      ...[...create, ...enable, ...rekey].map(({ path }) => `${branch}/${path}`),
      ...[...disable, ...remove].map((path) => `${branch}/${path}`),
    ]),
  );
  for (const report of plan.reports) if (report.code === 'renamed') identifiers.add(report.from);
  const policies = branchesOf(layout, plan);
  if (identifiers.size + policies.size > mostLooks) return null;
  if (identifiers.size + policies.size === 0) return left;
  const inTurn = limited(looksAtATime, mostLooks, () => new Problem('server_busy', 'too many looks wait.'));
  const variables = new Map<string, TargetVariable>(left.variables);
  const known = new Map(left.policies);
  await Promise.all([
    ...Array.from(identifiers, (identifier) =>
      inTurn(async () => replace(variables, identifier, await readVariable(client, layout, identifier))),
    ),
    ...Array.from(policies, (policy) =>
      inTurn(async () => replace(known, policy, await readPolicy(client, policy))),
    ),
  ]);
  return { policies: known, groups: left.groups, variables };
}

function branchesOf(layout: Layout, { skeleton, safes }: SyncPlan<SourceAccount>): ReadonlySet<string> {
  const isMissing = skeleton.vault || skeleton.lobs.length > 0 || skeleton.safes.length > 0;
  return new Set([
    ...(isMissing ? [vaultBranch(layout)] : []),
    ...skeleton.lobs.map((lob) => lobBranch(layout, lob)),
    ...skeleton.safes.map(({ lob, safe }) => safeBranch(layout, lob, safe)),
    ...safes.map(({ branch }) => branch),
  ]);
}

function replace<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
