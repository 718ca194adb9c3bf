import { places } from '../../core/election/conjur/places.ts';
import { fencedPolicy, publishedPolicy } from '../../core/election/conjur/policy-text.ts';
import type { FieldValue, Tagged } from '../../core/policy/effective-rows.ts';
import { policyYaml } from '../../core/policy/write-policy.ts';
import { type Layout, vaultBranch } from '../../core/sync/layout.ts';
import { escapeName } from '../../core/sync/names.ts';
import type { PolicyLoad } from '../../core/sync/policy-load.ts';
import { vaultLoad } from '../../core/sync/skeleton-loads.ts';
import type { ElectionSettings } from '../election/settings.ts';

export type Protocol = ElectionSettings['protocol'];

/** One load of `sync init`, with what it is for. */
export interface InitLoad extends PolicyLoad {
  readonly purpose: string;
}

/** What an election lies in, loaded into `root`: rows that come from there outlive the elections' own loads. */
export function electionLoad(protocol: Protocol): InitLoad {
  return {
    branch: 'root',
    mode: 'load',
    text: protocol === 'fenced' ? fencedPolicy() : publishedPolicy(),
    purpose: `the ${protocol} election, in conjur/vault-synchronizer`,
  };
}

/**
 * Takes back what the published policy gives: under the fenced protocol only a term's writer may write the expiration.
 *
 * @param branch the policy that gave it: a server takes back what the same one gave
 */
export function denialLoad(branch: string): InitLoad {
  return {
    branch,
    mode: 'update',
    text: policyYaml([
      tagged('deny', {
        role: group(places.members),
        privileges: ['update'],
        resource: { tag: 'variable', value: seenFrom(branch, places.expiration) },
      }),
    ]),
    purpose: 'members may not write the expiration themselves',
  };
}

/**
 * The vault's branch with the group that owns it, and in that group whoever writes.
 *
 * @param writes the group whose members write: that of a term's writers, or that of all synchronizers
 */
export function targetLoads(layout: Layout, writes: string): readonly InitLoad[] {
  const branch = vaultBranch(layout);
  const name = escapeName(layout.vault);
  const more = policyYaml([
    tagged('grant', { role: { tag: 'group', value: `${name}-admins` }, member: group(writes) }),
    // To see whether the writers may write, `sync doctor` must see what they write to.
    tagged('permit', {
      role: group(places.members),
      privileges: ['read'],
      resource: { tag: 'policy', value: name },
    }),
  ]);
  return [
    { ...vaultLoad(layout), purpose: `the branch ${branch} and the group ${branch}-admins that owns it` },
    {
      branch: layout.base,
      mode: 'load',
      text: more,
      purpose: `the branch ${branch} is written by ${writes}`,
    },
  ];
}

/**
 * Takes the synchronizers' own hosts out of the group that writes: what they could write at any time, no election would fence.
 *
 * @param branch the policy that put them there: a server takes back what the same one gave
 */
export function revocationLoad(branch: string, layout: Layout): InitLoad {
  const role: Tagged = { tag: 'group', value: seenFrom(branch, `${vaultBranch(layout)}-admins`) };
  return {
    branch,
    mode: 'update',
    text: policyYaml([tagged('revoke', { role, member: group(places.members) })]),
    purpose: 'members write as the writer of their term alone',
  };
}

/** A host for one synchronizer, and its membership. Loading it again changes nothing. */
export function memberLoad(name: string): PolicyLoad {
  const annotations = { names: new Map([['authn/api-key', 'true']]) };
  return {
    branch: membersBranch,
    mode: 'load',
    text: policyYaml([
      tagged('host', { id: name, annotations }),
      tagged('grant', { role: { tag: 'group', value: 'members' }, member: { tag: 'host', value: name } }),
    ]),
  };
}

/** The policy in which the hosts of synchronizers lie. */
export const membersBranch = 'conjur/vault-synchronizer';

function group(identifier: string): Tagged {
  return { tag: 'group', value: `/${identifier}` };
}

/** An identifier as a policy of that branch names it. */
function seenFrom(branch: string, identifier: string): string {
  if (branch === 'root') return identifier;
  return identifier.startsWith(`${branch}/`) ? identifier.slice(branch.length + 1) : `/${identifier}`;
}

function tagged(tag: string, fields: Readonly<Record<string, FieldValue>>): Tagged {
  return { tag, value: new Map(Object.entries(fields)) };
}
