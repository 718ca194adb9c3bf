import type { SafePlan } from '../../core/sync/plan.ts';
import { withheldRemovals } from '../../core/sync/withheld-removals.ts';
import { loadsAfter, loadsBefore, parkingOf } from '../../core/sync/safe-loads.ts';
import type { CarryContext } from './carry-context.ts';
import { findThere } from './find-there.ts';
import { handOver } from './hand-over.ts';
import { madeVariable } from '../state/state.ts';
import { sendLoads } from './send-loads.ts';
import { setAside } from './set-aside.ts';
import { stillOurs } from './still-ours.ts';
import type { Unreadable } from './unreadable.ts';
import { waitingAccounts } from './waiting-accounts.ts';

/**
 * What a safe's values need to be written.
 *
 * @param unreadable of these accounts, those whose values the source does not give now
 */
export async function prepareSafe(
  context: CarryContext,
  planned: SafePlan,
  unreadable: (keys: ReadonlySet<string>) => Promise<Unreadable>,
): Promise<void> {
  const { state, tally, dryRun, held, ahead } = context;
  const plan = dryRun ? planned : await permissible(context, planned, unreadable);
  const { branch, create, enable, rekey, replace } = plan;
  const parking = parkingOf(plan);
  const ids = (variables: readonly { readonly path: string }[]): readonly string[] =>
    variables.map(({ path }) => `${branch}/${path}`);
  if (!dryRun) {
    for (const identifier of ids([...create, ...rekey, ...replace])) held.set(identifier, 'waits');
    ahead.beginMaking(plan);
    await sendLoads(context, loadsBefore(plan));
    for (const identifier of ids([...create, ...rekey, ...replace])) held.delete(identifier);
    for (const identifier of ids([...parking, ...plan.parked])) state.variables.delete(identifier);
    for (const { path, account } of [...create, ...rekey, ...replace])
      state.variables.set(`${branch}/${path}`, madeVariable(account));
    const permitted = plan.permit.filter(({ ofGroups }) => ofGroups);
    for (const { path, account } of [...enable, ...permitted]) {
      const digest = state.variables.get(`${branch}/${path}`)?.digest ?? null;
      state.variables.set(`${branch}/${path}`, madeVariable(account, digest));
    }
    ahead.rest(branch);
  }
  tally.created.push(...ids(create));
  tally.enabled.push(...ids(enable));
}

/** Takes away what is gone from a safe, but for what accounts had that are not yet as they should be. */
export async function clearSafe(context: CarryContext, planned: SafePlan): Promise<void> {
  const { state, tally, dryRun, failedAccounts, ahead } = context;
  const { branch } = planned;
  const due = ({ account }: SafePlan['remove'][number]): boolean => !failedAccounts.has(account);
  const given = { disable: planned.disable.filter(due), remove: planned.remove.filter(due) };
  const kept = [...planned.disable, ...planned.remove].filter((each) => !due(each));
  tally.reports.push(...withheldRemovals(branch, 'account_failed', kept));
  const [disable, remove] = dryRun
    ? [given.disable, given.remove]
    : [await stillOurs(context, branch, given.disable), await stillOurs(context, branch, given.remove)];
  if (!dryRun && disable.length + remove.length > 0) {
    ahead.beginClearing(branch);
    await sendLoads(context, loadsAfter({ branch, disable, remove })).catch((error: unknown) => {
      tally.reports.push(...withheldRemovals(branch, 'policy_failed', [...disable, ...remove]));
      throw error;
    });
  }
  for (const { path } of disable) {
    const identifier = `${branch}/${path}`;
    tally.disabled.push(identifier);
    const left = state.variables.get(identifier);
    if (left !== undefined && !dryRun) state.variables.set(identifier, { ...left, disabled: true });
  }
  for (const { path } of remove) {
    tally.removed.push(`${branch}/${path}`);
    if (!dryRun) state.variables.delete(`${branch}/${path}`);
  }
  ahead.rest(branch);
}

/** The plan without what turns out not to be ours, or would leave readers without a value. */
async function permissible(
  context: CarryContext,
  plan: SafePlan,
  unreadable: (keys: ReadonlySet<string>) => Promise<Unreadable>,
): Promise<SafePlan> {
  const { reader, authority, held } = context;
  const { branch } = plan;
  const former = plan.rekey.concat(plan.replace).map((each) => ({ ...each, account: each.formerAccount }));
  const ours = new Set(
    (await stillOurs(context, branch, [...former, ...plan.enable, ...plan.permit, ...plan.parked])).map(
      ({ path }) => path,
    ),
  );
  const isOurs = ({ path }: { readonly path: string }): boolean => ours.has(path);
  const parked = new Set(plan.parked.filter(isOurs).map(({ path }) => path));
  const made = [...plan.create, ...parkingOf(plan).filter(({ path }) => !parked.has(path))];
  const there = await findThere(reader, () => authority.writer(), branch, made);
  const isThere = ({ path }: { readonly path: string }): boolean => there.has(path);
  await setAside(context, branch, made.filter(isThere));
  waitingAccounts(context, plan);
  const isFree = ({ path }: { readonly path: string }): boolean => !held.has(`${branch}/${path}`);
  const moves = { rekey: plan.rekey.filter(isFree), replace: plan.replace.filter(isFree) };
  const next = new Set([...moves.rekey, ...moves.replace].map(({ account }) => account));
  const handed = handOver(moves, await unreadable(next), parkingOf(moves).some(isThere));
  const handedOver = new Set([...handed.rekey, ...handed.replace]);
  for (const each of [...moves.rekey, ...moves.replace])
    if (!handedOver.has(each)) held.set(`${branch}/${each.path}`, 'waits');
  const waiting = waitingAccounts(context, plan);
  return {
    ...plan,
    create: plan.create.filter(isFree),
    permit: plan.permit.filter(isFree),
    enable: plan.enable.filter(isFree),
    rekey: plan.rekey.filter(isFree),
    replace: plan.replace.filter(isFree),
    parked: plan.parked.filter((each) => isOurs(each) && !waiting.has(each.account)),
  };
}
