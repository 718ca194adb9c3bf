import type { ConjurClient } from '../../client/client.ts';
import {
  delegationGroups,
  type Layout,
  lobBranch,
  placeOf,
  safeBranch,
  vaultBranch,
} from '../../core/sync/layout.ts';
import type { SafePlan, SyncPlan } from '../../core/sync/plan.ts';
import type { SourceAccount } from '../../core/sync/source-state.ts';
import type { TargetState } from '../../core/sync/target-state.ts';
import { mostLooks, takeLooks } from '../target/take-looks.ts';
import { isSeen, readPolicy, readVariable } from '../target/read-target.ts';

export interface LookInput {
  /** The target as it was left. */
  readonly left: TargetState;
  /** What would be done if it still is. */
  readonly draft: SyncPlan<SourceAccount>;
  /** Branches of safes all of whose variables are looked at. */
  readonly doubtful: ReadonlySet<string>;
}

/** The target put right, and the branches of safes in which something was looked at. */
export interface CloserLook {
  readonly target: TargetState;
  readonly branches: ReadonlySet<string>;
}

/**
 * The target as it was left, put right where the plan would change more than values: what is to be made may be there by now, who was
 * let in to what is renamed is known to the server alone, and where a policy or group is gone, so may be what lay in it. `too much`:
 * that would be more looks than reading the target whole is worth.
 */
export async function lookCloser(
  client: ConjurClient,
  layout: Layout,
  { left, draft, doubtful }: LookInput,
): Promise<CloserLook | 'nothing to look at' | 'too much'> {
  const places = placesOf(layout, left, draft, doubtful);
  const count = places.variables.size + places.policies.size + places.groups.size;
  if (count === 0) return 'nothing to look at';
  if (count > mostLooks) return 'too much';
  const target = {
    policies: new Map(left.policies),
    groups: new Set(left.groups),
    variables: new Map(left.variables),
  };
  await takeLooks([
    ...Array.from(places.variables, (identifier) => async () => {
      replace(target.variables, identifier, await readVariable(client, layout, identifier));
    }),
    ...Array.from(places.policies, (policy) => async () => {
      replace(target.policies, policy, await readPolicy(client, policy));
    }),
    ...Array.from(places.groups, (group) => async () => {
      if (await isSeen(client, 'group', group)) target.groups.add(group);
      else target.groups.delete(group);
    }),
  ]);
  const broken = [...places.branches].filter(
    (branch) => !doubtful.has(branch) && lacksParts(branch, left, target),
  );
  if (broken.length === 0) return { target, branches: places.branches };
  return lookCloser(client, layout, { left, draft, doubtful: new Set([...doubtful, ...broken]) });
}

interface Places {
  readonly branches: ReadonlySet<string>;
  readonly variables: ReadonlySet<string>;
  readonly policies: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
}

function placesOf(
  layout: Layout,
  left: TargetState,
  { skeleton, safes, reports }: SyncPlan<SourceAccount>,
  doubtful: ReadonlySet<string>,
): Places {
  const branches = new Set([
    ...skeleton.safes.map(({ lob, safe }) => safeBranch(layout, lob, safe)),
    ...safes.map(({ branch }) => branch),
    ...doubtful,
  ]);
  const variables = new Set(safes.flatMap((plan) => touchedBy(plan).map((path) => `${plan.branch}/${path}`)));
  for (const report of reports) if (report.code === 'renamed') variables.add(report.from).add(report.to);
  const accounts = new Set(safes.flatMap(accountsIn));
  // Who is let in to anything of an account is let in to what is made for it.
  for (const [identifier, { account }] of left.variables) {
    const isOfThem = account !== null && accounts.has(account);
    if (!isOfThem && doubtful.size === 0) continue;
    const branch = placeOf(layout, identifier)?.branch ?? '';
    if (doubtful.has(branch) || (isOfThem && branches.has(branch))) variables.add(identifier);
  }
  const isMissing = skeleton.vault || skeleton.lobs.length > 0 || skeleton.safes.length > 0;
  return {
    branches,
    variables,
    policies: new Set([
      ...(isMissing ? [vaultBranch(layout)] : []),
      ...skeleton.lobs.map((lob) => lobBranch(layout, lob)),
      ...Array.from(branches).flatMap((branch) => [branch, `${branch}/delegation`]),
    ]),
    groups: new Set(Array.from(branches).flatMap(groupsOf)),
  };
}

function touchedBy({
  create,
  permit,
  enable,
  rekey,
  replace: anew,
  parked,
  disable,
  remove,
}: SafePlan): string[] {
  return [...create, ...permit, ...enable, ...rekey, ...anew, ...parked, ...disable, ...remove].map(
    ({ path }) => path,
  );
}

/** Accounts for which something is made or permitted. */
function accountsIn({ create, permit, enable, rekey, replace: anew, parked }: SafePlan): string[] {
  return [...create, ...permit, ...enable, ...rekey, ...anew, ...parked].map(({ account }) => account);
}

function groupsOf(branch: string): readonly string[] {
  const { consumers, viewers } = delegationGroups(branch);
  return [`${branch}-admins`, consumers, viewers];
}

/** Something of the branch was left that is not there any more. */
function lacksParts(branch: string, left: TargetState, now: TargetState): boolean {
  return (
    [branch, `${branch}/delegation`].some(
      (policy) => left.policies.has(policy) && !now.policies.has(policy),
    ) || groupsOf(branch).some((group) => left.groups.has(group) && !now.groups.has(group))
  );
}

function replace<T>(map: Map<string, T>, key: string, value: T | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
