import type { Tagged } from '../policy/effective-rows.ts';
import { policyYaml } from '../policy/write-policy.ts';
import { annotations, delegationGroups, type Layout, lobBranch, safeBranch, vaultBranch } from './layout.ts';
import { escapeName } from './names.ts';
import { type PolicyLoad, tagged } from './policy-load.ts';

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
