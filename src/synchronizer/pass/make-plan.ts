import type { ConjurClient } from '../../client/client.ts';
import { diff } from '../../core/sync/diff.ts';
import type { Layout } from '../../core/sync/layout.ts';
import type { SyncPlan } from '../../core/sync/plan.ts';
import type { DriftPolicy, RemovalRules } from '../../core/sync/rules.ts';
import type { TargetState } from '../../core/sync/target-state.ts';
import type { ListedAccount, ListedLob } from '../source.ts';
import { adoptTarget, removedLately, type SyncState, targetOfState } from '../state/state.ts';
import { readTarget } from '../target/read-target.ts';
import type { CheckScope } from './check-scope.ts';
import { lookCloser } from './look-closer.ts';
import type { Progress } from './outcome.ts';

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
  readonly onProgress: (progress: Progress) => void;
}

/** What is to be done. Where no check is due, a plan believes what was left of the target, and looks where more than values change. */
export async function makePlan(
  context: PlanContext,
  source: readonly ListedLob[],
): Promise<SyncPlan<ListedAccount>> {
  const { client, layout, state, scope } = context;
  if (scope.branches.size === 0) {
    const left = targetOfState(layout, state);
    const draft = planAgainst(context, source, left);
    const closer = await lookCloser(client, layout, {
      left,
      draft,
      doubtful: new Set([...state.doubtful].filter((branch) => scope.read.has(branch))),
    });
    if (closer === 'nothing to look at') return draft;
    if (closer !== 'too much') {
      adoptTarget(layout, state, closer.target, closer.branches);
      return planAgainst(context, source, closer.target);
    }
  }
  const target = await readTarget(client, layout, (variables) =>
    context.onProgress({ phase: 'target', variables }),
  );
  adoptTarget(layout, state, target);
  return planAgainst(context, source, target);
}

function planAgainst(context: PlanContext, source: readonly ListedLob[], target: TargetState) {
  const { state, scope, nowMs } = context;
  return diff<ListedAccount>({
    layout: context.layout,
    source,
    target,
    known: (key, branch) => (scope.compares(key, branch) ? null : (state.accounts.get(key) ?? null)),
    nameBefore: (key) => state.accounts.get(key)?.name ?? null,
    keptPermits: (identifier, key) => {
      const moved = state.moved.get(identifier);
      return moved?.account === key ? moved.permits : [];
    },
    removal: context.removal,
    removedLately: removedLately(state, nowMs),
    acceptedRemovals: context.acceptedRemovals,
    drift: context.drift,
    wholeVault: context.wholeVault,
  });
}
