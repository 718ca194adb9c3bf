import type { ConjurClient } from '../../client/client.ts';
import { recordOf } from '../../client/refusal.ts';
import { showResource } from '../../client/resources.ts';
import { places } from '../../core/election/conjur/places.ts';
import { fullId } from '../../core/ids.ts';
import { isProblem } from '../../core/problem.ts';
import type { Protocol } from './init-loads.ts';

/** Whether the wish takes away what keeps a deposed leader from writing: so far nobody but the writer of a term may write the lease. */
export async function undoesFence(client: ConjurClient, protocol: Protocol): Promise<boolean> {
  if (protocol !== 'published') return false;
  const roles = (await grantsToWrite(client)).map(({ role }) => role);
  return (
    roles.includes(fullId(client.account, 'group', places.writers)) && !roles.includes(membersRole(client))
  );
}

/** Who may write the lease, and which policies give that; nothing where there is no election yet. */
export async function grantsToWrite(
  client: ConjurClient,
): Promise<readonly { readonly role: unknown; readonly policy: unknown }[]> {
  const variable = await unlessMissing(
    showResource(client, { kind: 'variable', identifier: places.expiration }),
  );
  const permissions = variable?.['permissions'];
  if (!Array.isArray(permissions)) return [];
  return permissions.flatMap((permission: unknown) => {
    const { privilege, role, policy } = recordOf(permission) ?? {};
    return privilege === 'update' ? [{ role, policy }] : [];
  });
}

/** The full id of the group that all synchronizers are in. */
export function membersRole(client: ConjurClient): string {
  return fullId(client.account, 'group', places.members);
}

/** Null: there is none, or the caller may not see it. */
export async function unlessMissing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isProblem(error, 'api_missing', 'api_forbidden')) return null;
    throw error;
  }
}
