import { safeBranch } from '../../core/sync/layout.ts';
import type { SyncPlan } from '../../core/sync/plan.ts';
import type { ListedAccount } from '../source.ts';
import { type FailureJudge, judgeFailures } from './ends-pass.ts';
import { clearSafe, makeSkeleton, type PolicyContext, prepareSafe } from './load-policies.ts';
import type { Progress } from './outcome.ts';
import { workUnits } from './work-units.ts';
import { type ValueContext, writeUnit } from './write-values.ts';

type CarryContext = PolicyContext &
  Omit<ValueContext, 'judge' | 'onDone'> & {
    readonly concurrency: number;
    readonly onProgress: (progress: Progress) => void;
  };

/**
 * Carries a plan out: branches first, then the policies of one safe after the other, and behind them the values of the safes that are
 * ready, several at a time. What is gone is taken away last, and only in safes where nothing failed.
 */
export async function carryOut(
  context: CarryContext,
  plan: SyncPlan<ListedAccount>,
): Promise<{ readonly policiesMs: number; readonly valuesMs: number }> {
  const judge = judgeFailures();
  const begun = performance.now();
  await makeSkeleton(context, plan.skeleton);
  const ready = new Map(plan.safes.map(({ branch }) => [branch, Promise.withResolvers<boolean>()]));
  for (const { promise } of ready.values()) promise.catch(() => undefined); // whoever waits for it hears of it
  let policiesMs = 0;
  const prepare = async (): Promise<void> => {
    try {
      for (const safe of plan.safes) ready.get(safe.branch)?.resolve(await prepared(context, judge, safe));
    } catch (error) {
      for (const { reject } of ready.values()) reject(error);
      throw error;
    }
    policiesMs = performance.now() - begun;
  };
  const valuesBegun = performance.now();
  const isReady = (branch: string): Promise<boolean> => ready.get(branch)?.promise ?? Promise.resolve(true);
  await allOrFirstFailure([prepare(), ...valueWorkers(context, judge, plan, isReady)]);
  const valuesMs = performance.now() - valuesBegun;
  const clearBegun = performance.now();
  const failed = new Set(context.tally.failures.map(({ branch }) => branch));
  for (const safe of plan.safes) {
    if (!failed.has(safe.branch)) await attempt(context, judge, safe.branch, () => clearSafe(context, safe));
  }
  return { policiesMs: policiesMs + performance.now() - clearBegun, valuesMs };
}

function valueWorkers(
  context: CarryContext,
  judge: FailureJudge,
  plan: SyncPlan<ListedAccount>,
  isReady: (branch: string) => Promise<boolean>,
): readonly Promise<void>[] {
  const total = plan.accounts.length;
  let done = 0;
  const onDone = (): void => {
    done += 1;
    context.onProgress({ phase: 'values', done, total });
  };
  const units = workUnits(
    plan.accounts,
    ({ lob, safe }) => safeBranch(context.layout, lob, safe),
    plan.safes.map(({ branch }) => branch),
  );
  // They share one generator: each unit is taken once, and a loop that ends with an error closes it for all.
  const waiting = oneByOne(units);
  const work = async (): Promise<void> => {
    for (const unit of waiting) {
      if (await isReady(unit.branch)) await writeUnit({ ...context, judge, onDone }, unit);
    }
  };
  return Array.from({ length: Math.min(context.concurrency, units.length) }, work);
}

function* oneByOne<T>(items: readonly T[]): Generator<T> {
  yield* items;
}

async function prepared(
  context: CarryContext,
  judge: FailureJudge,
  safe: SyncPlan<ListedAccount>['safes'][number],
): Promise<boolean> {
  return attempt(context, judge, safe.branch, () => prepareSafe(context, safe));
}

/** Whether it was done; that it was not is written down as a failure of the safe. */
async function attempt(
  { tally }: CarryContext,
  judge: FailureJudge,
  branch: string,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    judge.succeeded(branch);
    return true;
  } catch (error) {
    tally.failures.push({ branch, account: null, fault: judge.failed(branch, error).detail });
    return false;
  }
}

/** Waits for all of them even when one has failed, so that nothing goes on behind the back of whoever called. */
async function allOrFirstFailure(work: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(work);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
