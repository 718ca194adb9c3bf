import { policyYaml } from '../policy/write-policy.ts';
import { copiedPermits } from './copied-permits.ts';
import { annotations, parkedPath } from './layout.ts';
import type { GoneVariable, NewVariable, SafePlan } from './plan.ts';
import { inParts, type PolicyLoad, tagged, type TextBounds, usualTextBounds } from './policy-load.ts';
import { deletions, disabling, missingPermits, newVariables, ownedVariables } from './variable-statements.ts';

/** A load into the branch of a safe. */
export interface SafeLoad extends PolicyLoad {
  /** So many variables it takes from those who read them, also where another account's value comes instead. */
  readonly removes: number;
}

/** What would make variables and nothing else: a trial of it tells which of them are there already, seen or not. */
export function trialLoads(
  branch: string,
  variables: readonly Pick<NewVariable, 'path'>[],
  bounds: TextBounds = usualTextBounds,
): readonly PolicyLoad[] {
  return inParts(variables, bounds, (part) => ({
    branch,
    mode: 'load',
    text: policyYaml(part.map(({ path }) => tagged('variable', { id: path }))),
  }));
}

/**
 * What must be loaded into a safe's branch before values are written. Of variables that are made anew, the permissions wait in others
 * meanwhile: whoever goes on after a pass that ended in between finds them there.
 */
export function loadsBefore(plan: SafePlan, bounds: TextBounds = usualTextBounds): readonly SafeLoad[] {
  const { branch, create, permit, enable, rekey, replace } = plan;
  const parking = parkingOf(plan);
  const parked = new Set([...parking, ...plan.parked].map(({ path }) => path));
  const made = (
    mode: PolicyLoad['mode'],
    more: Readonly<Record<string, string>> = {},
    removing: 'removing' | null = null,
  ) => {
    return (part: readonly NewVariable[]): SafeLoad => ({
      branch,
      mode,
      text: policyYaml(newVariables(branch, part, more)),
      removes: removing === null ? 0 : part.length,
    });
  };
  const open = { [annotations.disabled]: 'false' };
  return [
    ...inParts(create, bounds, made('load')),
    ...inParts(permit, bounds, (part) => ({
      branch,
      mode: 'load',
      text: policyYaml(missingPermits(branch, part)),
      removes: 0,
    })),
    ...inParts(enable, bounds, made('update', open)),
    ...inParts(rekey, bounds, made('update', open, 'removing')),
    ...inParts(parking, bounds, (part) => ({
      branch,
      mode: 'load',
      text: policyYaml([...ownedVariables(part), ...copiedPermits(part)]),
      removes: 0,
    })),
    ...inParts(replace, bounds, (part) => ({ ...deleting(branch, part), removes: part.length })),
    ...inParts(replace, bounds, made('load')),
    ...inParts(
      Array.from(parked, (path) => ({ path })),
      bounds,
      (part) => deleting(branch, part),
    ),
  ];
}

/** The variables in which the permissions of those wait that are made anew. */
export function parkingOf({ replace }: Pick<SafePlan, 'replace'>): readonly NewVariable[] {
  return replace.flatMap((each) =>
    each.permits.length === 0 ? [] : [{ ...each, path: parkedPath(each.path) }],
  );
}

/** What is taken away once values are written. */
export function loadsAfter(
  { branch, disable, remove }: Pick<SafePlan, 'branch' | 'disable' | 'remove'>,
  bounds: TextBounds = usualTextBounds,
): readonly SafeLoad[] {
  return [
    ...inParts(disable, bounds, (part) => ({
      branch,
      mode: 'update',
      text: policyYaml(
        disabling(
          branch,
          part.map(({ path }) => path),
        ),
      ),
      removes: part.length,
    })),
    ...inParts(remove, bounds, (part) => ({ ...deleting(branch, part), removes: part.length })),
  ];
}

function deleting(branch: string, part: readonly Pick<GoneVariable, 'path'>[]): SafeLoad {
  return { branch, mode: 'update', text: policyYaml(deletions(part)), removes: 0 };
}
