import { loadPolicy } from '../../client/policies.ts';
import { safeBranch, type Layout } from '../../core/sync/layout.ts';
import type { NewVariable, SafePlan, Skeleton } from '../../core/sync/plan.ts';
import { loadsAfter, loadsBefore, type PolicyLoad, skeletonLoads } from '../../core/sync/policy-texts.ts';
import type { Authority } from '../authority.ts';
import type { SyncState } from '../state/state.ts';
import type { Tally } from './outcome.ts';

export interface PolicyContext {
  readonly layout: Layout;
  readonly authority: Authority;
  readonly state: SyncState;
  readonly tally: Tally;
  readonly dryRun: boolean;
}

/** Makes the branches and groups that are missing. */
export async function makeSkeleton(context: PolicyContext, skeleton: Skeleton): Promise<void> {
  await load(context, skeletonLoads(context.layout, skeleton));
  if (context.dryRun) return;
  for (const { lob, safe } of skeleton.safes)
    context.state.branches.add(safeBranch(context.layout, lob, safe));
}

/** What a safe's values need to be written. */
export async function prepareSafe(context: PolicyContext, plan: SafePlan): Promise<void> {
  await load(context, loadsBefore(plan));
  const { branch, create, enable, rekey } = plan;
  const ids = (variables: readonly NewVariable[]): readonly string[] =>
    variables.map(({ path }) => `${branch}/${path}`);
  context.tally.created.push(...ids(create));
  context.tally.enabled.push(...ids(enable));
  if (context.dryRun) return;
  for (const { path, account } of [...create, ...enable, ...rekey]) {
    const digest = context.state.variables.get(`${branch}/${path}`)?.digest ?? null;
    context.state.variables.set(`${branch}/${path}`, { account, digest, disabled: false });
  }
}

/** Takes away what is gone from a safe. */
export async function clearSafe(context: PolicyContext, plan: SafePlan): Promise<void> {
  await load(context, loadsAfter(plan));
  const { branch, disable, remove } = plan;
  for (const path of disable) {
    const identifier = `${branch}/${path}`;
    context.tally.disabled.push(identifier);
    const left = context.state.variables.get(identifier);
    if (left !== undefined && !context.dryRun)
      context.state.variables.set(identifier, { ...left, disabled: true });
  }
  for (const path of remove) {
    context.tally.removed.push(`${branch}/${path}`);
    if (!context.dryRun) context.state.variables.delete(`${branch}/${path}`);
  }
}

/** One after the other: a server loads one policy at a time. None makes a user or host, so one that was lost on the way is sent again. */
async function load({ authority, dryRun }: PolicyContext, loads: readonly PolicyLoad[]): Promise<void> {
  if (dryRun) return;
  for (const each of loads) await loadPolicy(authority.writer(), each, { repeatable: true });
}
