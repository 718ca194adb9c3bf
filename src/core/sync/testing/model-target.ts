import { kindOf, identifierOf } from '../../ids.ts';
import { freshDatabase, loaded } from '../../testing/load.ts';
import { annotationKey } from '../../policy/plan-rows.ts';
import type { RowDatabase } from '../../testing/row-database.ts';
import { diff, type DiffInput } from '../diff.ts';
import { judgeValue } from '../judge-value.ts';
import { annotations, type Layout, placeOf, vaultBranch } from '../layout.ts';
import type { SyncPlan } from '../plan.ts';
import type { PolicyLoad, TextBounds } from '../policy-load.ts';
import type { DriftPolicy } from '../rules.ts';
import { loadsAfter, loadsBefore } from '../safe-loads.ts';
import { lobLoad, safesLoad, vaultLoad } from '../skeleton-loads.ts';
import type { SourceAccount } from '../source-state.ts';
import type { ForeignPermit, TargetState } from '../target-state.ts';
import { targetVariable } from '../target-variable.ts';

/** An account of a source that is held in memory. */
export interface ModelAccount extends SourceAccount {
  readonly values: Readonly<Record<string, string>>;
}

/** A target in memory: the tables of the policy loader under the real planner, and values by identifier. */
export interface ModelTarget {
  db: RowDatabase;
  readonly values: Map<string, string>;
  /** What was written last, by identifier. */
  readonly left: Map<string, string>;
  /** What accounts were called in the pass before, by key. */
  readonly names: Map<string, string>;
}

export function emptyTarget(): ModelTarget {
  return { db: freshDatabase(), values: new Map(), left: new Map(), names: new Map() };
}

/** The target as a synchronizer sees it through lists of resources. */
export function stateOf({ db }: ModelTarget, layout: Layout): TargetState {
  const policies = new Map<string, { readonly ours: boolean }>();
  const groups = new Set<string>();
  const variables = new Map<
    string,
    TargetState['variables'] extends ReadonlyMap<string, infer V> ? V : never
  >();
  for (const { resourceId } of db.resources.values()) {
    const identifier = identifierOf(resourceId);
    const annotation = (name: string): string | null =>
      db.annotations.get(annotationKey({ resourceId, name }))?.value ?? null;
    if (identifier !== vaultBranch(layout) && !identifier.startsWith(`${vaultBranch(layout)}/`)) continue;
    if (kindOf(resourceId) === 'policy')
      policies.set(identifier, { ours: annotation(annotations.safe) !== null });
    if (kindOf(resourceId) === 'group') groups.add(identifier);
    if (kindOf(resourceId) !== 'variable') continue;
    const permits = [...db.permissions.values()]
      .filter((row) => row.resourceId === resourceId)
      .map((row): ForeignPermit => ({ role: row.roleId, privilege: row.privilege }));
    const branch = placeOf(layout, identifier)?.branch ?? '';
    variables.set(identifier, targetVariable(branch, annotation, permits));
  }
  return { policies, groups, variables };
}

type PlanInput = Pick<DiffInput<ModelAccount>, 'layout' | 'source' | 'removal' | 'wholeVault'> &
  Partial<DiffInput<ModelAccount>>;

export function planFor(target: ModelTarget, input: PlanInput): SyncPlan<ModelAccount> {
  return diff({
    known: () => null,
    nameBefore: (key) => target.names.get(key) ?? null,
    removedLately: 0,
    acceptedRemovals: null,
    drift: 'repair',
    ...input,
    target: stateOf(target, input.layout),
  });
}

/** Carries a plan out, values between what is made and what is removed; answers the identifiers that were written, and those that drifted. */
export function carryOut(
  target: ModelTarget,
  layout: Layout,
  plan: SyncPlan<ModelAccount>,
  drift: DriftPolicy,
  { bounds, onStep = () => undefined }: { readonly bounds?: TextBounds; readonly onStep?: () => void } = {},
): { readonly written: readonly string[]; readonly drifted: readonly string[]; readonly loads: number } {
  const written: string[] = [];
  const drifted: string[] = [];
  let loads = 0;
  const load = (each: readonly PolicyLoad[]): void => {
    for (const { branch, mode, text } of each) {
      target.db = loaded(target.db, mode === 'load' ? 'append' : 'modify', text, branch);
      for (const identifier of target.values.keys()) {
        if (!target.db.resources.has(`a:variable:${identifier}`)) target.values.delete(identifier);
      }
      loads += 1;
      onStep();
    }
  };
  const { vault, lobs, safes } = plan.skeleton;
  load([...(vault ? [vaultLoad(layout)] : []), ...lobs.map((lob) => lobLoad(layout, lob))]);
  for (const { lob, safe } of safes) load([safesLoad(layout, lob, [safe])]);
  for (const safe of plan.safes) load(loadsBefore(safe, bounds));
  for (const { account, key, variables } of plan.accounts) {
    target.names.set(key, account.name);
    for (const { property, identifier, holds } of variables) {
      const source = account.values[property] ?? '';
      const left = target.left.get(identifier) ?? null;
      const there = holds === 'own' ? (target.values.get(identifier) ?? null) : null;
      const verdict = judgeValue({ source, left, target: there }, drift);
      if (verdict === 'drifted') drifted.push(identifier);
      if (verdict === 'write' || verdict === 'mend') {
        target.values.set(identifier, source);
        target.left.set(identifier, source);
        written.push(identifier);
        onStep();
      }
    }
  }
  for (const safe of plan.safes) load(loadsAfter(safe, bounds));
  return { written, drifted, loads };
}
