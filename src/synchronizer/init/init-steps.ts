import type { ConjurClient } from '../../client/client.ts';
import { listMembers, listMemberships } from '../../client/resources.ts';
import { places } from '../../core/election/conjur/places.ts';
import { fullId, identifierOf, parseFullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { type Layout, vaultBranch } from '../../core/sync/layout.ts';
import {
  denialLoad,
  electionLoad,
  type InitLoad,
  type Protocol,
  revocationLoad,
  targetLoads,
} from './init-loads.ts';
import { grantsToWrite, membersRole, unlessMissing } from './lease-writers.ts';

export interface InitWish {
  readonly protocol: Protocol;
  /** The vault whose branch is made, too; null: none. */
  readonly layout: Layout | null;
  /** False: one synchronizer alone, which writes as itself. */
  readonly elects: boolean;
}

/** What `sync init` loads before it looks at what stands. */
export function firstLoads({ protocol, layout, elects }: InitWish): readonly InitLoad[] {
  const writes = elects && protocol === 'fenced' ? places.writers : places.members;
  return [electionLoad(protocol), ...(layout === null ? [] : targetLoads(layout, writes))];
}

/** What an older layout gave and the fenced protocol must not have; nothing under another. */
export async function correctingLoads(
  client: ConjurClient,
  { protocol, layout, elects }: InitWish,
): Promise<readonly InitLoad[]> {
  if (protocol !== 'fenced') return [];
  const branches = await policiesThatLetMembersWrite(client);
  const denials = branches.map(denialLoad);
  if (!elects || layout === null) return denials;
  const granting = await policiesThatMakeMembersAdmins(client, layout);
  return [...denials, ...granting.map((branch) => revocationLoad(branch, layout))];
}

/**
 * Looks once more, when the loads have been carried out.
 *
 * @throws Problem `operation_refused` when members still may what only the writer of a term must
 */
export async function requireCorrected(client: ConjurClient, wish: InitWish): Promise<void> {
  const left = await correctingLoads(client, wish);
  if (left.length === 0) return;
  const what = [...new Set(left.map(({ branch, purpose }) => `"${purpose}" (given in ${branch})`))];
  throw new Problem(
    'operation_refused',
    `The election fences nobody yet. Not done, though it was loaded: ${what.join(', ')}. Take it back the way it was given: in that policy or, where a call of the API gave it, by DELETE /roles/…?members&member=….`,
  );
}

/** Vaults beside this one whose branch is written by the writer of the same election. */
export async function otherVaults(client: ConjurClient, layout: Layout): Promise<readonly string[]> {
  const own = fullId(client.account, 'group', `${vaultBranch(layout)}-admins`);
  const writers = { kind: 'group', identifier: places.writers };
  const memberships = (await unlessMissing(listMemberships(client, writers))) ?? [];
  return memberships.flatMap(({ role }) => {
    const id = typeof role === 'string' ? parseFullId(role) : null;
    if (id === null || role === own) return [];
    const identifier = identifierOf(id);
    return identifier.endsWith('-admins') ? [identifier.slice(0, -'-admins'.length)] : [];
  });
}

/**
 * A synchronizer alone writes as itself: made so where an election decides who writes, each member could write at any time.
 *
 * @throws Problem `operation_refused` when the wish would undo the fencing of an election
 */
export async function requireNoFence(client: ConjurClient, { layout, elects }: InitWish): Promise<void> {
  if (elects || layout === null) return;
  const writers = fullId(client.account, 'group', places.writers);
  if (!(await adminsOf(client, layout)).includes(writers)) return;
  const branch = vaultBranch(layout);
  throw new Problem(
    'operation_refused',
    `The branch ${branch} is written by the leader of an election, and this configuration has none: its synchronizer would write beside the leader. Add "election" to it; or, to have one synchronizer alone from now on, revoke ${places.writers} from the group ${branch}-admins first.`,
  );
}

/** Hosts that own the vault's branch by themselves: an election cannot keep them from writing. */
export async function unfencedHosts(client: ConjurClient, layout: Layout): Promise<readonly string[]> {
  return (await adminsOf(client, layout)).flatMap((role) => {
    const id = parseFullId(role);
    return id !== null && role.startsWith(fullId(client.account, 'host', '')) ? [identifierOf(id)] : [];
  });
}

async function policiesThatLetMembersWrite(client: ConjurClient): Promise<readonly string[]> {
  const found = (await grantsToWrite(client)).flatMap(({ role, policy }) => {
    const id = typeof policy === 'string' ? parseFullId(policy) : null;
    return role === membersRole(client) && id !== null ? [identifierOf(id)] : [];
  });
  return [...new Set(found)];
}

/** Full ids of the direct members of the group that owns the vault's branch. */
async function adminsOf(client: ConjurClient, layout: Layout): Promise<readonly string[]> {
  const group = { kind: 'group', identifier: `${vaultBranch(layout)}-admins` };
  const members = (await unlessMissing(listMembers(client, group))) ?? [];
  return members.flatMap(({ member }) => (typeof member === 'string' ? [member] : []));
}

/** The policies by which members are in the group that owns the vault's branch; of a grant by none, the one that holds the branch. */
async function policiesThatMakeMembersAdmins(
  client: ConjurClient,
  layout: Layout,
): Promise<readonly string[]> {
  const group = { kind: 'group', identifier: `${vaultBranch(layout)}-admins` };
  const members = (await unlessMissing(listMembers(client, group))) ?? [];
  const granting = members
    .filter(({ member }) => member === membersRole(client))
    .map(({ policy }) => {
      const id = typeof policy === 'string' ? parseFullId(policy) : null;
      return id === null ? layout.base : identifierOf(id);
    });
  return [...new Set(granting)];
}
