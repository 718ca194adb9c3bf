import type { ConjurClient } from '../../client/client.ts';
import { diff } from '../../core/sync/diff.ts';
import type { Layout } from '../../core/sync/layout.ts';
import type { SyncPlan } from '../../core/sync/plan.ts';
import type { DriftPolicy, RemovalRules } from '../../core/sync/rules.ts';
import type { TargetState } from '../../core/sync/target-state.ts';
import type { ListedAccount, ListedLob } from '../source/source.ts';
import { adoptTarget, removedLately, type SyncState, targetOfState } from '../state/state.ts';
import { readTarget } from '../target/read-target.ts';
import type { CheckScope } from './check-scope.ts';
import { lookCloser } from './look-closer.ts';
import type { Progress } from './outcome.ts';
import type { SecondLook } from './second-look.ts';

export interface PlanContext {
  readonly client: ConjurClient;
  readonly layout: Layout;
  readonly state: SyncState;
  readonly removal: RemovalRules;
  readonly acceptedRemovals: number | null;
  readonly drift: DriftPolicy;
  readonly scope: CheckScope;
  readonly nowMs: number;
  readonly wholeVault: boolean;
  readonly lookAgain: SecondLook;
  readonly onProgress: (progress: Progress) => void;
}

/** A plan, and the lists of the source that it was made from in the end. */
export interface Planned {
  readonly plan: SyncPlan<ListedAccount>;
  readonly listed: readonly ListedLob[];
}

/** What is to be done. Where no check is due, a plan believes what was left of the target, and looks where more than values change. */
export async function makePlan(context: PlanContext, source: readonly ListedLob[]): Promise<Planned> {
  const { client, layout, state, scope } = context;
  let listed = source;
  if (scope.branches.size === 0) {
    const left = targetOfState(layout, state);
    const draft = await sure(context, listed, left);
    listed = draft.listed;
    const closer = await lookCloser(client, layout, {
      left,
      draft: draft.plan,
      doubtful: new Set([...state.doubtful].filter((branch) => scope.read.has(branch))),
    });
    if (closer === 'nothing to look at') return draft;
    if (closer !== 'too much') {
      adoptTarget(layout, state, closer.target, closer.branches);
      return sure(context, listed, closer.target);
    }
  }
  const target = await readTarget(client, layout, (variables) =>
    context.onProgress({ phase: 'target', variables }),
  );
  adoptTarget(layout, state, target);
  return sure(context, listed, target);
}

/** A plan that takes nothing away which the source has not been asked for twice. */
async function sure(
  context: PlanContext,
  source: readonly ListedLob[],
  target: TargetState,
): Promise<Planned> {
  for (let listed = source; ; ) {
    const plan = planAgainst(context, listed, target);
    const again = await context.lookAgain(listed, plan);
    if (again === null) return { plan, listed };
    listed = again;
  }
}

function planAgainst(context: PlanContext, source: readonly ListedLob[], target: TargetState) {
  const { state, scope, nowMs } = context;
  return diff<ListedAccount>({
    layout: context.layout,
    source,
    target,
    known: (key, branch) => (scope.compares(key, branch) ? null : (state.accounts.get(key) ?? null)),
    nameBefore: (key) => state.accounts.get(key)?.name ?? null,
    removal: context.removal,
    removedLately: removedLately(state, nowMs),
    acceptedRemovals: context.acceptedRemovals,
    drift: context.drift,
    wholeVault: context.wholeVault,
  });
}
