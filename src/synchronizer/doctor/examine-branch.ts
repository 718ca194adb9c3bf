import type { ConjurClient } from '../../client/client.ts';
import { checkPrivilege, listPermittedRoles } from '../../client/resources.ts';
import { places } from '../../core/election/conjur/places.ts';
import { fullId } from '../../core/ids.ts';
import { isProblem } from '../../core/problem.ts';
import { vaultBranch } from '../../core/sync/layout.ts';
import type { SyncConfig } from '../config/config.ts';
import { fine, type SyncFinding } from './finding.ts';
import type { ElectionSettings } from '../election/settings.ts';

/** Whoever owns the branch has all of them. With create and update alone one may load, and sees nothing of what was loaded. */
const needed = ['read', 'create', 'update'] as const;
type Needed = (typeof needed)[number];

/**
 * Whether a term's writer may read the vault's branch and write to it, and the member itself may not write: else nothing would be
 * fenced.
 */
export async function examineBranch(
  { branch, vault }: SyncConfig,
  client: ConjurClient,
  username: string,
  { protocol }: ElectionSettings,
): Promise<readonly SyncFinding[]> {
  if (protocol === 'published') return [];
  const identifier = vaultBranch({ base: branch, vault });
  const policy = { kind: 'policy', identifier };
  const findings: SyncFinding[] = [];
  for (const privilege of needed) {
    const writersMay = await mayWriters(client, policy, privilege);
    if (writersMay === null) return [unseen(username, identifier)];
    if (!writersMay) findings.push(noGrant(identifier, privilege));
    // "sync init" lets members read the policy, to be asked about it here.
    if (privilege !== 'read' && (await checkPrivilege(client, policy, privilege, null)))
      findings.push(unfenced(username, identifier, privilege));
  }
  return findings.length > 0
    ? findings
    : [fine('election', `The writer of a term may write to ${identifier}, and ${username} itself may not.`)];
}

/** Whether the writers of terms have a privilege on a resource; null: the caller does not see it. */
export async function mayWriters(
  client: ConjurClient,
  resource: { readonly kind: string; readonly identifier: string },
  privilege: string,
): Promise<boolean | null> {
  try {
    const roles = await listPermittedRoles(client, resource, privilege);
    return roles.includes(fullId(client.account, 'group', places.writers));
  } catch (error) {
    if (isProblem(error, 'api_missing', 'api_forbidden')) return null;
    throw error;
  }
}

function unseen(username: string, branch: string): SyncFinding {
  return {
    area: 'election',
    level: 'fault',
    sentence: `${username} does not see the policy ${branch}, so whether a term's writer may write there cannot be told.`,
    advice:
      'Run "holdfast sync init --config" with this configuration as an administrator: it makes the branch, and lets members see it.',
  };
}

function noGrant(branch: string, privilege: Needed): SyncFinding {
  const so =
    privilege === 'read' ? 'a leader could not see what it has written' : 'a leader could write nothing';
  return {
    area: 'election',
    level: 'fault',
    sentence: `The group ${places.writers} has not ${privilege} on the policy ${branch}: ${so}.`,
    advice: `Run "holdfast sync init --config" with this configuration, or grant it the group that owns ${branch}.`,
  };
}

function unfenced(username: string, branch: string, privilege: string): SyncFinding {
  return {
    area: 'election',
    level: 'fault',
    sentence: `${username} has ${privilege} on the policy ${branch} by itself, so a deposed leader may go on writing.`,
    advice: 'Revoke it: under the fenced protocol only the group of the writers owns the branch.',
  };
}
