import { safeBranch } from '../../core/sync/layout.ts';
import type { AccountWork, SafePlan, SyncPlan } from '../../core/sync/plan.ts';
import { withheldRemovals } from '../../core/sync/withheld-removals.ts';
import type { ListedAccount } from '../source/source.ts';
import type { CarryContext } from './carry-context.ts';
import { clearSafe, prepareSafe } from './load-policies.ts';
import { makeSkeleton } from './make-skeleton.ts';
import type { Progress } from './outcome.ts';
import { type Unreadable, unreadableOf } from './unreadable.ts';
import { openDigestReader } from './read-digests.ts';
import { workUnits } from './work-units.ts';
import { writeUnit } from './write-values.ts';

interface CarrySettings {
  readonly concurrency: number;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Carries a plan out: branches first, then the policies of one safe after the other, and behind them the values of the safes that are
 * ready, several at a time. Where a policy fails, the values of variables that exist are written all the same. What is gone is taken
 * away last, and only in safes whose policy did not fail, and whose source answered.
 */
export async function carryOut(
  context: CarryContext,
  settings: CarrySettings,
  plan: SyncPlan<ListedAccount>,
): Promise<{ readonly policiesMs: number; readonly valuesMs: number }> {
  const begun = performance.now();
  const failed = new Set(await makeSkeleton(context, plan.skeleton));
  for (const each of plan.safes) if (failed.has(each.branch)) hold(context, each);
  holdWhole(context, plan, failed);
  const ready = new Map(plan.safes.map(({ branch }) => [branch, Promise.withResolvers<void>()]));
  for (const { promise } of ready.values()) promise.catch(() => undefined); // whoever waits for it hears of it
  let policiesMs = 0;
  const prepare = async (): Promise<void> => {
    try {
      for (const safe of plan.safes) {
        if (!failed.has(safe.branch) && !(await prepared(context, plan, safe))) failed.add(safe.branch);
        ready.get(safe.branch)?.resolve();
      }
    } catch (error) {
      for (const { reject } of ready.values()) reject(error);
      throw error;
    }
    policiesMs = performance.now() - begun;
  };
  const valuesBegun = performance.now();
  const isReady = async (branch: string): Promise<void> => ready.get(branch)?.promise;
  await allOrFirstFailure([prepare(), ...valueWorkers(context, settings, plan, isReady)]);
  const valuesMs = performance.now() - valuesBegun;
  const clearBegun = performance.now();
  for (const safe of plan.safes) {
    if (withheld(context, safe, failed)) continue;
    await attempt(context, safe, () => clearSafe(context, safe));
  }
  return { policiesMs: policiesMs + performance.now() - clearBegun, valuesMs };
}

/** Whether nothing may be taken away from a safe. What would have been is told: somebody may believe that it is revoked. */
function withheld(
  { shaken, tally }: CarryContext,
  { branch, disable, remove }: SafePlan,
  failed: ReadonlySet<string>,
): boolean {
  if (!failed.has(branch) && !shaken.has(branch)) return false;
  const because = failed.has(branch) ? 'policy_failed' : 'source_failed';
  tally.reports.push(...withheldRemovals(branch, because, [...disable, ...remove]));
  return true;
}

/** Nothing of a safe whose branch cannot be used is written. */
function holdWhole(
  { layout, held }: CarryContext,
  { accounts }: SyncPlan<ListedAccount>,
  unusable: ReadonlySet<string>,
): void {
  if (unusable.size === 0) return;
  for (const { lob, safe, variables } of accounts) {
    if (!unusable.has(safeBranch(layout, lob, safe))) continue;
    for (const { identifier } of variables) if (!held.has(identifier)) held.set(identifier, 'waits');
  }
}

function valueWorkers(
  context: CarryContext,
  { concurrency, onProgress }: CarrySettings,
  plan: SyncPlan<ListedAccount>,
  isReady: (branch: string) => Promise<void>,
): readonly Promise<void>[] {
  const total = plan.accounts.length;
  let done = 0;
  const onDone = async (): Promise<void> => {
    done += 1;
    onProgress({ phase: 'values', done, total });
    await context.checkpoint();
  };
  const skipped = skippedAccounts(context);
  const readDigests = openDigestReader(context.reader, context.digestKey);
  const units = workUnits(plan.accounts, ({ lob, safe }) => safeBranch(context.layout, lob, safe), {
    last: plan.safes.map(({ branch }) => branch),
    failing: context.state.failing,
  });
  // They share one generator: each unit is taken once, and a loop that ends with an error closes it for all.
  const waiting = oneByOne(units);
  const work = async (): Promise<void> => {
    for (const unit of waiting) {
      await isReady(unit.branch);
      await writeUnit({ ...context, readDigests, onSkipped: skipped.add, onDone }, unit);
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, units.length) }, work);
  return [...workers, Promise.allSettled(workers).then(skipped.tell)];
}

/** One failure for all accounts of a safe that were not asked for. */
function skippedAccounts({ layout, judge, tally }: CarryContext) {
  const counts = new Map<string, { readonly lob: string; count: number }>();
  return {
    add: ({ lob, safe }: AccountWork<ListedAccount>): void => {
      const branch = safeBranch(layout, lob, safe);
      const found = counts.get(branch) ?? { lob, count: 0 };
      found.count += 1;
      counts.set(branch, found);
    },
    tell: (): void => {
      for (const [branch, { lob, count }] of counts) {
        const why = judge.givenUp({ lob, branch }) ?? '';
        tally.failures.push({
          branch,
          account: null,
          fault: `The source was not asked for ${count} more accounts: ${why}`,
        });
      }
    },
  };
}

function* oneByOne<T>(items: readonly T[]): Generator<T> {
  yield* items;
}

/** Whether the policy of a safe is as its values need it. */
async function prepared(
  context: CarryContext,
  plan: SyncPlan<ListedAccount>,
  safe: SafePlan,
): Promise<boolean> {
  const unreadable = (keys: ReadonlySet<string>): Promise<Unreadable> =>
    unreadableOf(
      context,
      plan.accounts.filter((work) => keys.has(work.key)),
    );
  const isDone = await attempt(context, safe, () => prepareSafe(context, safe, unreadable));
  if (!isDone) hold(context, safe);
  return isDone;
}

/** What a safe's policy would have made is not written. */
function hold({ held }: CarryContext, { branch, create, rekey, replace }: SafePlan): void {
  for (const { path } of [...create, ...rekey, ...replace]) {
    const identifier = `${branch}/${path}`;
    if (!held.has(identifier)) held.set(identifier, 'waits');
  }
}

/** Whether it was done; that it was not is written down as a failure of the safe, and the next pass looks at it. */
async function attempt(
  { tally, judge, doubt }: CarryContext,
  { lob, branch }: SafePlan,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    judge.loaded();
    return true;
  } catch (error) {
    tally.failures.push({ branch, account: null, fault: judge.failed(error, { lob, branch }).detail });
    doubt(branch);
    return false;
  }
}

/** Waits for all of them even when one has failed, so that nothing goes on behind the back of whoever called. */
async function allOrFirstFailure(work: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
