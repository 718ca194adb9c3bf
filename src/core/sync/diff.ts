import { diffSafe, type SafeDiff } from './diff-safe.ts';
import { delegationGroups, type Layout, lobBranch, placeOf, safeBranch, vaultBranch } from './layout.ts';
import type { Report, SafePlan, Skeleton, Stop, SyncPlan } from './plan.ts';
import { type DriftPolicy, removalCap, type RemovalRules } from './rules.ts';
import type { SourceAccount, SourceLob, SourceSafe } from './source-state.ts';
import type { KnownAccount, TargetState, TargetVariable } from './target-state.ts';
import { wantedSafe } from './wanted.ts';

export interface DiffInput<A extends SourceAccount> {
  readonly layout: Layout;
  readonly source: readonly SourceLob<A>[];
  readonly target: TargetState;
  /** What was left behind for an account of the safe of a branch; null: nothing is known, or nothing is believed. */
  readonly known: (key: string, branch: string) => KnownAccount | null;
  /** What an account was called when it was synchronized last; null: nobody knows. */
  readonly nameBefore: (key: string) => string | null;
  readonly removal: RemovalRules;
  /** How many variables were removed within the last `removalWindowMs`. */
  readonly removedLately: number;
  /** How many this pass may remove, whatever the rules say; null: nobody said. */
  readonly acceptedRemovals: number | null;
  readonly drift: DriftPolicy;
  /** False when only some safes were asked for: then no other is missed. */
  readonly wholeVault: boolean;
}

type Branches = ReadonlyMap<string, ReadonlyMap<string, TargetVariable>>;

/**
 * What makes the target show what the source has. Nothing foreign is touched; nothing is removed from what was not read, was
 * read empty, or has vanished as a whole; and a plan that would remove more than it may is marked as stopped.
 */
export function diff<A extends SourceAccount>(input: DiffInput<A>): SyncPlan<A> {
  const { layout, source, target } = input;
  const branches = variablesByBranch(layout, target);
  const reports: Report[] = [];
  const safes: { readonly lob: string; readonly safe: string; readonly diff: SafeDiff<A> }[] = [];
  for (const lob of source) {
    const read = readSafes(input, lob, branches, reports);
    if (read === null) continue;
    for (const safe of read) {
      const found = safeDiff(input, lob.name, safe, branches, reports);
      if (found !== null) safes.push({ lob: lob.name, safe: safe.name, diff: found });
    }
  }
  if (input.wholeVault) reports.push(...vanishedLobs(input, branches), ...barrenLobs(input, reports));
  return {
    skeleton: skeletonOf(
      layout,
      target,
      safes.filter(({ diff: each }) => needsBranch(each)),
    ),
    safes: safes.map(({ diff: { plan } }) => plan).filter(hasWork),
    accounts: safes.flatMap(({ diff: { accounts } }) => accounts),
    unchanged: safes.reduce((sum, { diff: { unchanged } }) => sum + unchanged, 0),
    reports: [...reports, ...safes.flatMap(({ diff: each }) => each.reports)],
    stopped: stopOf(
      input,
      safes.map(({ diff: { plan } }) => plan),
    ),
  };
}

/** Of what would be removed, so much is named. */
const mostNamed = 100;

function stopOf<A extends SourceAccount>(
  { target, removal, removedLately, acceptedRemovals }: DiffInput<A>,
  plans: readonly SafePlan[],
): Stop | null {
  const owned = [...target.variables.values()].filter(({ account }) => account !== null).length;
  const allowed = acceptedRemovals ?? removalCap(removal, owned, removedLately);
  const removals = plans.reduce((sum, plan) => sum + removedBy(plan).length, 0);
  if (removals <= allowed) return null;
  const identifiers: string[] = [];
  for (const plan of plans) {
    const paths = removedBy(plan).slice(0, mostNamed - identifiers.length);
    identifiers.push(...paths.map(({ path }) => `${plan.branch}/${path}`));
  }
  return { removals, allowed, identifiers };
}

/** Whose value is taken from those who read it, also where another account's comes instead. */
function removedBy({ rekey, replace, disable, remove }: SafePlan): readonly { readonly path: string }[] {
  return [...rekey, ...replace, ...disable, ...remove];
}

/** The safes of a line of business, or null when nothing may be concluded from what was read of it. */
function readSafes<A extends SourceAccount>(
  { layout, wholeVault }: DiffInput<A>,
  lob: SourceLob<A>,
  branches: Branches,
  reports: Report[],
): readonly SourceSafe<A>[] | null {
  const ownBranches = Array.from(branches)
    .map(([branch, variables]) => ({ branch, kept: ownedIn(variables) }))
    .filter(({ branch, kept }) => kept > 0 && branch.startsWith(`${lobBranch(layout, lob.name)}/`));
  if (!lob.safes.ok) {
    reports.push({ code: 'source_failed', lob: lob.name, safe: null, fault: lob.safes.fault });
    return null;
  }
  const safes = lob.safes.value;
  if (!wholeVault) return safes;
  if (safes.length === 0) {
    const kept = ownBranches.reduce((sum, each) => sum + each.kept, 0);
    if (kept > 0) reports.push({ code: 'source_empty', lob: lob.name, safe: null, kept });
    return null;
  }
  const present = new Set(safes.map(({ name }) => safeBranch(layout, lob.name, name)));
  // A safe that may not be read any more is not listed either: that is no reason to take values from applications.
  for (const { branch, kept } of ownBranches) {
    if (!present.has(branch)) reports.push({ code: 'safe_vanished', branch, kept });
  }
  return safes;
}

/** A source may lose whole lines of business: a directory that is not mounted is an empty one. */
function vanishedLobs<A extends SourceAccount>(
  { layout, source }: DiffInput<A>,
  branches: Branches,
): readonly Report[] {
  const present = source.map(({ name }) => `${lobBranch(layout, name)}/`);
  return Array.from(branches)
    .filter(([branch]) => !present.some((lob) => branch.startsWith(lob)))
    .map(([branch, variables]) => ({ code: 'safe_vanished' as const, branch, kept: ownedIn(variables) }))
    .filter(({ kept }) => kept > 0);
}

/**
 * Lines of business that list no account at all, although nothing was ever had from them: whoever has set one up wants to know, since a
 * vault lists nothing where a right is missing.
 */
function barrenLobs<A extends SourceAccount>(
  { source }: DiffInput<A>,
  reports: readonly Report[],
): readonly Report[] {
  const told = new Set(reports.flatMap((report) => ('lob' in report ? [report.lob] : [])));
  return source
    .filter(({ name, safes }) => !told.has(name) && safes.ok && safes.value.every(isEmpty))
    .map(({ name }) => ({ code: 'source_empty', lob: name, safe: null, kept: 0 }));
}

function isEmpty<A extends SourceAccount>({ accounts }: SourceSafe<A>): boolean {
  return accounts.ok && accounts.value.length === 0;
}

function safeDiff<A extends SourceAccount>(
  input: DiffInput<A>,
  lob: string,
  safe: SourceSafe<A>,
  branches: Branches,
  reports: Report[],
): SafeDiff<A> | null {
  const { layout, target, known, nameBefore, removal, drift } = input;
  const branch = safeBranch(layout, lob, safe.name);
  const there = branches.get(branch) ?? new Map<string, TargetVariable>();
  if (!safe.accounts.ok) {
    reports.push({ code: 'source_failed', lob, safe: safe.name, fault: safe.accounts.fault });
    return null;
  }
  if (safe.accounts.value.length === 0) {
    const kept = ownedIn(there);
    if (kept > 0) reports.push({ code: 'source_empty', lob, safe: safe.name, kept });
    return null;
  }
  if (target.policies.get(branch)?.ours === false) {
    reports.push({ code: 'branch_foreign', branch });
    return null;
  }
  const wanted = wantedSafe(layout, lob, safe.name, safe.accounts.value);
  return diffSafe({
    lob,
    safe: safe.name,
    branch,
    wanted,
    there,
    removal: removal.policy,
    drift,
    known: (key) => known(key, branch),
    nameBefore,
  });
}

function skeletonOf(
  layout: Layout,
  { policies, groups }: TargetState,
  safes: readonly { readonly lob: string; readonly safe: string }[],
): Skeleton {
  const lobs = [...new Set(safes.map(({ lob }) => lob))];
  const isWhole = (branch: string): boolean => {
    const { consumers, viewers } = delegationGroups(branch);
    return (
      policies.has(branch) &&
      policies.has(`${branch}/delegation`) &&
      [`${branch}-admins`, consumers, viewers].every((group) => groups.has(group))
    );
  };
  return {
    vault: lobs.length > 0 && !policies.has(vaultBranch(layout)),
    lobs: lobs.filter((lob) => !policies.has(lobBranch(layout, lob))),
    safes: safes
      .filter(({ lob, safe }) => !isWhole(safeBranch(layout, lob, safe)))
      .map(({ lob, safe }) => ({ lob, safe })),
  };
}

/** Nothing is made for a safe none of whose accounts can be written. */
function needsBranch<A extends SourceAccount>({ accounts, unchanged, plan }: SafeDiff<A>): boolean {
  return accounts.length + unchanged > 0 || hasWork(plan);
}

function hasWork(plan: SafePlan): boolean {
  const { create, permit, enable, parked } = plan;
  return [create, permit, enable, parked, removedBy(plan)].some(({ length }) => length > 0);
}

function variablesByBranch(layout: Layout, { variables }: TargetState): Branches {
  const branches = new Map<string, Map<string, TargetVariable>>();
  for (const [identifier, variable] of variables) {
    const place = placeOf(layout, identifier);
    if (place === null) continue;
    const inBranch = branches.get(place.branch) ?? new Map<string, TargetVariable>();
    branches.set(place.branch, inBranch);
    inBranch.set(place.path, variable);
  }
  return branches;
}

function ownedIn(variables: ReadonlyMap<string, TargetVariable>): number {
  return [...variables.values()].filter(({ account }) => account !== null).length;
}
