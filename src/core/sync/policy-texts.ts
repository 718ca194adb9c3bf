import type { Fields, FieldValue, Tagged } from '../policy/effective-rows.ts';
import { policyYaml } from '../policy/write-policy.ts';
import {
  annotations,
  delegationGroups,
  type Layout,
  lobBranch,
  parkedPath,
  safeBranch,
  safePrivileges,
  vaultBranch,
} from './layout.ts';
import { escapeName } from './names.ts';
import type { GoneVariable, NewVariable, PermitVariable, SafePlan } from './plan.ts';
import { copiedPermits } from './copied-permits.ts';

/** One load: `load` adds (POST), `update` changes and deletes too (PATCH). */
export interface PolicyLoad {
  readonly branch: string;
  readonly mode: 'load' | 'update';
  readonly text: string;
}

/** A load into the branch of a safe. */
export interface SafeLoad extends PolicyLoad {
  /** So many variables it takes from those who read them, also where another account's value comes instead. */
  readonly removes: number;
}

export interface TextBounds {
  /** A server takes 10 MiB. */
  readonly mostBytes: number;
  /** A load holds a lock of the server's for as long as it takes. */
  readonly mostVariables: number;
}

export const usualTextBounds: TextBounds = { mostBytes: 8 * 1024 * 1024, mostVariables: 2000 };

/** A load of a skeleton, and what it makes. */
export interface SkeletonLoad extends PolicyLoad {
  readonly makes: readonly {
    readonly kind: 'policy' | 'group';
    readonly identifier: string;
    /** For which branch it is there. */
    readonly branch: string;
  }[];
}

/** What makes the vault's policy. */
export function vaultLoad(layout: Layout): SkeletonLoad {
  return ownedPolicyLoad(layout.base, layout.vault, vaultBranch(layout));
}

/** What makes the policy of a line of business. */
export function lobLoad(layout: Layout, lob: string): SkeletonLoad {
  return ownedPolicyLoad(vaultBranch(layout), lob, lobBranch(layout, lob));
}

/** What makes the branches of safes of one line of business, and their groups. */
export function safesLoad(layout: Layout, lob: string, safes: readonly string[]): SkeletonLoad {
  return {
    branch: lobBranch(layout, lob),
    mode: 'load',
    text: policyYaml(safes.flatMap((safe) => safeSkeleton(layout, lob, safe))),
    makes: safes.flatMap((safe) => partsOfSafe(safeBranch(layout, lob, safe))),
  };
}

function partsOfSafe(branch: string): SkeletonLoad['makes'] {
  const { consumers, viewers } = delegationGroups(branch);
  const group = (identifier: string) => ({ kind: 'group', identifier, branch }) as const;
  const policy = (identifier: string) => ({ kind: 'policy', identifier, branch }) as const;
  return [
    policy(branch),
    policy(`${branch}/delegation`),
    group(`${branch}-admins`),
    group(consumers),
    group(viewers),
  ];
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
  const statements = part.map(({ path }) => tagged('delete', { record: { tag: 'variable', value: path } }));
  return { branch, mode: 'update', text: policyYaml(statements), removes: 0 };
}

function ownedPolicyLoad(branch: string, name: string, identifier: string): SkeletonLoad {
  return {
    branch,
    mode: 'load',
    text: policyYaml(ownedPolicy(name)),
    makes: [
      { kind: 'group', identifier: `${identifier}-admins`, branch: identifier },
      { kind: 'policy', identifier, branch: identifier },
    ],
  };
}

/** `- !group x-admins` and `- !policy x` that it owns. */
function ownedPolicy(name: string): readonly Tagged[] {
  const id = escapeName(name);
  const admins: Tagged = { tag: 'group', value: `${id}-admins` };
  return [admins, tagged('policy', { id, owner: admins })];
}

function safeSkeleton(layout: Layout, lob: string, safe: string): readonly Tagged[] {
  const id = escapeName(safe);
  const admins: Tagged = { tag: 'group', value: `${id}-admins` };
  const groups: readonly Tagged[] = ['consumers', 'viewers'].map((value) => ({ tag: 'group', value }));
  const names = new Map([[annotations.safe, safeBranch(layout, lob, safe)]]);
  return [
    admins,
    tagged('policy', { id: `${id}/delegation`, owner: admins, body: groups }),
    tagged('policy', { id, annotations: { names } }),
  ];
}

function newVariables(
  branch: string,
  variables: readonly NewVariable[],
  more: Readonly<Record<string, string>>,
): readonly Tagged[] {
  const paths = variables.map(({ path }) => path);
  return [
    ...ownedVariables(variables, more),
    ...safePermissions('permit', branch, paths),
    ...copiedPermits(variables),
  ];
}

function ownedVariables(
  variables: readonly NewVariable[],
  more: Readonly<Record<string, string>> = {},
): readonly Tagged[] {
  return variables.map(({ path, account, accountsAnnotation }) =>
    tagged('variable', {
      id: path,
      annotations: {
        names: new Map([
          [annotations.fromVault, 'true'],
          [annotations.accounts, accountsAnnotation],
          [annotations.account, account],
          ...Object.entries(more),
        ]),
      },
    }),
  );
}

function missingPermits(branch: string, variables: readonly PermitVariable[]): readonly Tagged[] {
  const paths = variables.filter(({ ofGroups }) => ofGroups).map(({ path }) => path);
  return [
    ...(paths.length === 0 ? [] : safePermissions('permit', branch, paths)),
    ...copiedPermits(variables),
  ];
}

function disabling(branch: string, paths: readonly string[]): readonly Tagged[] {
  const names = new Map([[annotations.disabled, 'true']]);
  return [
    ...paths.map((id) => tagged('variable', { id, annotations: { names } })),
    ...safePermissions('deny', branch, paths),
  ];
}

function safePermissions(
  tag: 'permit' | 'deny',
  branch: string,
  paths: readonly string[],
): readonly Tagged[] {
  const resources: readonly Tagged[] = paths.map((value) => ({ tag: 'variable', value }));
  return safePrivileges(branch).map(({ group, privileges }) =>
    tagged(tag, { role: { tag: 'group', value: `/${group}` }, privileges, resources }),
  );
}

function tagged(tag: string, fields: Readonly<Record<string, FieldValue>>): Tagged {
  const value: Fields = new Map(Object.entries(fields));
  return { tag, value };
}

/** Loads of as many items as fit; one item always makes a load, and the server judges it. */
function inParts<T, L extends PolicyLoad>(
  items: readonly T[],
  bounds: TextBounds,
  loadOf: (part: readonly T[]) => L,
): readonly L[] {
  if (items.length === 0) return [];
  const load = items.length > bounds.mostVariables ? null : loadOf(items);
  // An UTF-16 unit takes three bytes at most.
  if (load !== null && (items.length === 1 || load.text.length * 3 <= bounds.mostBytes)) return [load];
  const half = Math.ceil(items.length / 2);
  return [...inParts(items.slice(0, half), bounds, loadOf), ...inParts(items.slice(half), bounds, loadOf)];
}
