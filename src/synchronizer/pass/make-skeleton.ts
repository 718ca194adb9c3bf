import { loadPolicy } from '../../client/policies.ts';
import { isProblem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import { lobBranch, safeBranch, vaultBranch } from '../../core/sync/layout.ts';
import type { Skeleton } from '../../core/sync/plan.ts';
import { lobLoad, safesLoad, type SkeletonLoad, vaultLoad } from '../../core/sync/skeleton-loads.ts';
import { isSeen } from '../target/read-target.ts';
import type { CarryContext } from './carry-context.ts';
import { maybeUnseen } from './maybe-unseen.ts';
import { madeBy, tryPolicy } from './try-policy.ts';

/**
 * Makes the branches and groups that are missing, outermost first, each line of business by itself. What was not seen and is there all
 * the same is somebody else's: it is reported, and what would lie in it is left out.
 *
 * @returns the branches of safes that cannot be used
 */
export async function makeSkeleton(
  context: CarryContext,
  { vault, lobs, safes }: Skeleton,
): Promise<ReadonlySet<string>> {
  const { layout, dryRun, state } = context;
  if (dryRun) return new Set();
  if (vault && (await foreignBranches(context, vaultLoad(layout))).has(vaultBranch(layout)))
    return new Set(safes.map(({ lob, safe }) => safeBranch(layout, lob, safe)));
  if (vault) await load(context, vaultLoad(layout));
  const unusable = new Set<string>();
  for (const [lob, ofLob] of Map.groupBy(safes, (each) => each.lob)) {
    const names = ofLob.map(({ safe }) => safe);
    const made = await madeOfLob(context, lob, names, lobs.includes(lob));
    for (const safe of names) {
      const branch = safeBranch(layout, lob, safe);
      if (made.has(branch)) state.branches.add(branch);
      else unusable.add(branch);
    }
  }
  return unusable;
}

/** The branches of safes that are there afterwards. */
async function madeOfLob(
  context: CarryContext,
  lob: string,
  safes: readonly string[],
  isNew: boolean,
): Promise<ReadonlySet<string>> {
  const { layout } = context;
  if (!isNew) return madeSafes(context, lob, safes);
  try {
    if ((await foreignBranches(context, lobLoad(layout, lob))).size > 0) return new Set();
    await load(context, lobLoad(layout, lob));
  } catch (error) {
    tellFailure(context, lob, safes, error);
    return new Set();
  }
  return madeSafes(context, lob, safes);
}

/** Those of some safes of a line of business. Where they are refused together, each half is tried: one holds up no other. */
async function madeSafes(
  context: CarryContext,
  lob: string,
  safes: readonly string[],
): Promise<ReadonlySet<string>> {
  const { layout, judge } = context;
  let ours = safes;
  try {
    const foreign = await foreignBranches(context, safesLoad(layout, lob, safes));
    ours = safes.filter((safe) => !foreign.has(safeBranch(layout, lob, safe)));
    if (ours.length > 0) await load(context, safesLoad(layout, lob, ours));
    judge.loaded();
    return new Set(ours.map((safe) => safeBranch(layout, lob, safe)));
  } catch (error) {
    if (ours.length > 1 && isProblem(error, ...aboutText)) {
      const half = Math.ceil(ours.length / 2);
      const first = await madeSafes(context, lob, ours.slice(0, half));
      return new Set([...first, ...(await madeSafes(context, lob, ours.slice(half)))]);
    }
    tellFailure(context, lob, ours, error);
    return new Set();
  }
}

/** Refusals of what a load says. Others are of the branch, and a part of the load would fare no better. */
const aboutText: readonly ProblemCode[] = ['api_invalid', 'api_too_large'];

/** @throws the error itself when the pass has to end */
function tellFailure(
  { layout, judge, tally, doubt }: CarryContext,
  lob: string,
  safes: readonly string[],
  error: unknown,
): void {
  const branches = safes.map((safe) => safeBranch(layout, lob, safe));
  const [alone, ...others] = branches;
  const branch = alone === undefined || others.length > 0 ? lobBranch(layout, lob) : alone;
  tally.failures.push({ branch, account: null, fault: judge.failed(error, { lob, branch }).detail });
  for (const each of branches) doubt(each);
}

/**
 * The branches parts of which are there already and may not be seen, each with a report. A trial of the load tells; a server that knows
 * no trials is trusted.
 */
async function foreignBranches(
  { authority, reader, tally }: CarryContext,
  { makes, ...policy }: SkeletonLoad,
): Promise<ReadonlySet<string>> {
  const foreign = new Set<string>();
  const trial = await tryPolicy(authority.writer(), policy);
  if (trial === null || !trial.valid) return foreign; // the load itself will say what is invalid
  const created = madeBy(trial);
  for (const { kind, identifier, branch } of makes) {
    if (created.has(`${reader.account}:${kind}:${identifier}`) || foreign.has(branch)) continue;
    if (await isSeen(reader, kind, identifier)) continue;
    foreign.add(branch);
    tally.reports.push({ code: 'branch_foreign', branch });
  }
  return foreign;
}

/** It makes no user or host, so one that was lost on the way is sent again. */
async function load({ authority }: CarryContext, { makes: _, ...policy }: SkeletonLoad): Promise<void> {
  await loadPolicy(authority.writer(), policy, { repeatable: true }).catch((error: unknown) => {
    throw maybeUnseen(error);
  });
}
