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

export interface PlanContext {
  readonly client: ConjurClient;
  readonly layout: Layout;
  readonly state: SyncState;
  readonly removal: RemovalRules;
  readonly wholeVault: boolean;
  readonly onProgress: (progress: Progress) => void;
}

/** What is to be done. A quick plan believes what was left of the target, a full one reads it. */
export async function makePlan(
  context: PlanContext,
  source: readonly ListedLob[],
  full: boolean,
): Promise<{ readonly plan: SyncPlan<ListedAccount>; readonly full: boolean }> {
  const { client, layout, state } = context;
  if (!full) {
    const left = targetOfState(layout, state);
    const draft = planAgainst(context, source, left, true);
    const target = await lookCloser(client, layout, left, draft);
    if (target === left) return { plan: draft, full: false };
    if (target !== null) return { plan: planAgainst(context, source, target, true), full: false };
  }
  const target = await readTarget(client, layout, (variables) =>
    context.onProgress({ phase: 'target', variables }),
  );
  adoptTarget(layout, state, target);
  return { plan: planAgainst(context, source, target, !full), full };
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
