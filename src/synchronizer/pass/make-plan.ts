import type { ConjurClient } from '../../client/client.ts';
import { diff } from '../../core/sync/diff.ts';
import type { Layout } from '../../core/sync/layout.ts';
import type { SyncPlan } from '../../core/sync/plan.ts';
import type { RemovalRules } from '../../core/sync/rules.ts';
import type { TargetState } from '../../core/sync/target-state.ts';
import type { ListedAccount, ListedLob } from '../source.ts';
import { adoptTarget, type SyncState, targetOfState } from '../state/state.ts';
import { readTarget } from '../target/read-target.ts';
import { lookCloser } from './look-closer.ts';
import type { Progress } from './outcome.ts';
import type { SecondLook } from './second-look.ts';

export interface PlanContext {
  readonly client: ConjurClient;
  readonly layout: Layout;
  readonly state: SyncState;
  readonly removal: RemovalRules;
  readonly wholeVault: boolean;
  readonly lookAgain: SecondLook;
  readonly onProgress: (progress: Progress) => void;
}

/** A plan, and the lists of the source that it was made from in the end. */
interface Planned {
  readonly plan: SyncPlan<ListedAccount>;
  readonly listed: readonly ListedLob[];
}

/** What is to be done. A quick plan believes what was left of the target, a full one reads it. */
export async function makePlan(
  context: PlanContext,
  source: readonly ListedLob[],
  full: boolean,
): Promise<Planned & { readonly full: boolean }> {
  const { client, layout, state } = context;
  let listed = source;
  if (!full) {
    const left = targetOfState(layout, state);
    const draft = await sure(context, listed, left, true);
    listed = draft.listed;
    const target = await lookCloser(client, layout, left, draft.plan);
    if (target === left) return { ...draft, full: false };
    if (target !== null) return { ...(await sure(context, listed, target, true)), full: false };
  }
  const target = await readTarget(client, layout, (variables) =>
    context.onProgress({ phase: 'target', variables }),
  );
  adoptTarget(layout, state, target);
  return { ...(await sure(context, listed, target, !full)), full };
}

/** A plan that takes nothing away which the source has not been asked for twice. */
async function sure(
  context: PlanContext,
  source: readonly ListedLob[],
  target: TargetState,
  believesRevisions: boolean,
): Promise<Planned> {
  for (let listed = source; ; ) {
    const plan = planAgainst(context, listed, target, believesRevisions);
    const again = await context.lookAgain(listed, plan);
    if (again === null) return { plan, listed };
    listed = again;
  }
}

function planAgainst(
  { layout, removal, wholeVault, state }: PlanContext,
  source: readonly ListedLob[],
  target: TargetState,
  believesRevisions: boolean,
): SyncPlan<ListedAccount> {
  const known = (key: string) => (believesRevisions ? (state.accounts.get(key) ?? null) : null);
  return diff({ layout, source, target, known, removal, wholeVault });
}
