import type { EffectiveRows } from '../policy/effective-rows.ts';
import { identifierOf, kindOf } from '../ids.ts';
import { admin } from './load.ts';
import type { RowDatabase } from './row-database.ts';

/** What somebody who sees everything is shown; admin is no resource, as in a real account. A public key has the value that random policies give it. */
export function effectiveRowsOf(db: RowDatabase): EffectiveRows {
  const resources = [...db.resources.values()]
    .filter(({ resourceId }) => resourceId !== admin)
    .sort((a, b) => (a.resourceId < b.resourceId ? -1 : 1));
  return {
    resources,
    roleIds: [...db.roles.values()]
      .map(({ roleId }) => roleId)
      .filter((id) => id !== admin)
      .sort(),
    memberships: [...db.memberships.values()].filter(({ ownership }) => !ownership),
    permissions: [...db.permissions.values()],
    annotations: [...db.annotations.values()],
    credentials: [...db.credentials.values()],
    publicKeys: resources
      .filter(({ resourceId }) => kindOf(resourceId) === 'public_key')
      .map(({ resourceId }) => ({
        resourceId,
        value: `ssh-rsa AAAA ${identifierOf(resourceId).split('/').at(-1) ?? ''}`,
      })),
    policies: resources
      .filter(({ resourceId }) => kindOf(resourceId) === 'policy')
      .map(({ resourceId }) => identifierOf(resourceId)),
  };
}
