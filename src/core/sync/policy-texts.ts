import type { Fields, FieldValue, Tagged } from '../policy/effective-rows.ts';
import { policyYaml } from '../policy/write-policy.ts';
import { annotations, delegationGroups, type Layout, lobBranch, safeBranch, vaultBranch } from './layout.ts';
import { escapeName } from './names.ts';
import type { NewVariable, SafePlan, Skeleton } from './plan.ts';
import { copiedPermits } from './copied-permits.ts';

/** One load: `load` adds (POST), `update` changes and deletes too (PATCH). */
export interface PolicyLoad {
  readonly branch: string;
  readonly mode: 'load' | 'update';
  readonly text: string;
}

export interface TextBounds {
  /** A server takes 10 MiB. */
  readonly mostBytes: number;
  /** A load holds a lock of the server's for as long as it takes. */
  readonly mostVariables: number;
}

export const usualTextBounds: TextBounds = { mostBytes: 8 * 1024 * 1024, mostVariables: 2000 };

/** What makes the branches and groups that are missing, outermost first. */
export function skeletonLoads(layout: Layout, { vault, lobs, safes }: Skeleton): readonly PolicyLoad[] {
  const load = (branch: string, statements: readonly Tagged[]): PolicyLoad => ({
    branch,
    mode: 'load',
    text: policyYaml(statements),
  });
  return [
    ...(vault ? [load(layout.base, ownedPolicy(layout.vault))] : []),
    ...(lobs.length > 0 ? [load(vaultBranch(layout), lobs.flatMap(ownedPolicy))] : []),
    ...Array.from(
      Map.groupBy(safes, ({ lob }) => lob),
      ([lob, ofLob]) =>
        load(
          lobBranch(layout, lob),
          ofLob.flatMap(({ safe }) => safeSkeleton(layout, lob, safe)),
        ),
    ),
  ];
}

/** What must be loaded into a safe's branch before values are written. */
export function loadsBefore(plan: SafePlan, bounds: TextBounds = usualTextBounds): readonly PolicyLoad[] {
  const { branch, create, enable, rekey } = plan;
  const back = [...enable, ...rekey.filter(({ path }) => !enable.some((other) => other.path === path))];
  return [
    ...inParts(create, bounds, (part) => ({
      branch,
      mode: 'load',
      text: policyYaml(newVariables(branch, part, {})),
    })),
    ...inParts(back, bounds, (part) => ({
      branch,
      mode: 'update',
      text: policyYaml(newVariables(branch, part, { [annotations.disabled]: 'false' })),
    })),
  ];
}

/** What is taken away once values are written. */
export function loadsAfter(plan: SafePlan, bounds: TextBounds = usualTextBounds): readonly PolicyLoad[] {
  const { branch, disable, remove } = plan;
  return [
    ...inParts(disable, bounds, (part) => ({
      branch,
      mode: 'update',
      text: policyYaml(disabling(branch, part)),
    })),
    ...inParts(remove, bounds, (part) => ({
      branch,
      mode: 'update',
      text: policyYaml(part.map((path) => tagged('delete', { record: { tag: 'variable', value: path } }))),
    })),
  ];
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
  const records = variables.map(({ path, account, accountsAnnotation }) =>
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
  const paths = variables.map(({ path }) => path);
  return [...records, ...safePermissions('permit', branch, paths), ...copiedPermits(variables)];
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
  const { consumers, viewers } = delegationGroups(branch);
  const resources: readonly Tagged[] = paths.map((value) => ({ tag: 'variable', value }));
  const role = (group: string): Tagged => ({ tag: 'group', value: `/${group}` });
  return [
    tagged(tag, { role: role(consumers), privileges: ['read', 'execute'], resources }),
    tagged(tag, { role: role(viewers), privileges: ['read'], resources }),
  ];
}

function tagged(tag: string, fields: Readonly<Record<string, FieldValue>>): Tagged {
  const value: Fields = new Map(Object.entries(fields));
  return { tag, value };
}

/** Loads of as many items as fit; one item always makes a load, and the server judges it. */
function inParts<T>(
  items: readonly T[],
  bounds: TextBounds,
  loadOf: (part: readonly T[]) => PolicyLoad,
): readonly PolicyLoad[] {
  if (items.length === 0) return [];
  const load = items.length > bounds.mostVariables ? null : loadOf(items);
  // An UTF-16 unit takes three bytes at most.
  if (load !== null && (items.length === 1 || load.text.length * 3 <= bounds.mostBytes)) return [load];
  const half = Math.ceil(items.length / 2);
  return [...inParts(items.slice(0, half), bounds, loadOf), ...inParts(items.slice(half), bounds, loadOf)];
}
