import type { FullId } from '../ids.ts';
import {
  annotationKey,
  changedOwners,
  currentRows,
  membershipKey,
  permissionKey,
  type Rows,
  wantedRows,
} from './plan-rows.ts';
import type { Current, LoadMode, MembershipKey, Needed, Resolved } from './types.ts';

/** What `plan` has to know beside the loaded policy's own rows. */
export function needed(resolved: Resolved): Needed {
  const wanted = wantedRows(resolved);
  const ids = new Set<FullId>();
  const memberships: MembershipKey[] = [];
  const credentials: FullId[] = [];
  for (const { id, isResource, ownerId, restrictedTo } of resolved.records) {
    ids.add(id).add(ownerId);
    if (isResource) memberships.push({ roleId: id, memberId: ownerId, ownership: true });
    if (restrictedTo !== null) credentials.push(id);
  }
  for (const { roleId, memberId, ownership } of wanted.memberships.values()) {
    ids.add(roleId).add(memberId);
    memberships.push({ roleId, memberId, ownership });
  }
  for (const { resourceId, roleId } of wanted.permissions.values()) ids.add(resourceId).add(roleId);
  for (const deletion of resolved.deletions) if (deletion.type === 'delete') ids.add(deletion.id);
  return {
    ids: [...ids],
    memberships,
    permissions: [...wanted.permissions.values()].map(({ resourceId, roleId, privilege }) => ({
      resourceId,
      roleId,
      privilege,
    })),
    annotations: [...wanted.annotations.values()].map(({ resourceId, name }) => ({ resourceId, name })),
    credentials,
  };
}

/**
 * What is left to look up of `asked` once `read` is known: all rows of the loaded policy, and whatever roles and resources
 * exist under its ids. No other row exists without its role and its resource, so most loads have nothing left.
 */
export function stillNeeded(asked: Needed, read: Current): Needed {
  const known = currentRows(read);
  return {
    ids: [],
    memberships: asked.memberships.filter(
      (key) =>
        known.roles.has(key.roleId) &&
        known.roles.has(key.memberId) &&
        !known.memberships.has(membershipKey(key)),
    ),
    permissions: asked.permissions.filter(
      (key) =>
        known.resources.has(key.resourceId) &&
        known.roles.has(key.roleId) &&
        !known.permissions.has(permissionKey(key)),
    ),
    annotations: asked.annotations.filter(
      (key) => known.resources.has(key.resourceId) && !known.annotations.has(annotationKey(key)),
    ),
    credentials: asked.credentials.filter((id) => known.roles.has(id)),
  };
}

/**
 * The ids whose dependents `plan` has to know, in any number of steps along owner and policy, because they may go. Most
 * loads delete nothing: then it is empty, and nothing need be read.
 */
export function doomed(resolved: Resolved, current: Current, mode: LoadMode): readonly FullId[] {
  if (mode === 'append') return [];
  const wanted = wantedRows(resolved);
  const existing = currentRows(current);
  const ids = new Set<FullId>();
  if (mode === 'replace') {
    const absent = absentOwn(wanted, existing, resolved.policyId);
    for (const id of [...absent.roles, ...absent.resources]) ids.add(id);
  }
  for (const deletion of resolved.deletions) {
    const exists =
      deletion.type === 'delete' && (existing.roles.has(deletion.id) || existing.resources.has(deletion.id));
    if (exists) ids.add(deletion.id);
  }
  if (ids.size === 0 && !deletesSomethingNew(resolved)) return [];
  // What the text hands to a new owner may go with that owner, and takes along what it owns itself.
  for (const id of changedOwners(wanted, existing, resolved.policyId, mode).keys()) ids.add(id);
  return [...ids];
}

/** The roles and resources of this policy that a replacing text no longer has. */
export function absentOwn(
  wanted: Rows,
  existing: Rows,
  policyId: FullId,
): { readonly roles: readonly FullId[]; readonly resources: readonly FullId[] } {
  const roles = [...existing.roles.values()].filter(
    (row) => row.policyId === policyId && !wanted.roles.has(row.roleId),
  );
  const resources = [...existing.resources.values()].filter(
    (row) => row.policyId === policyId && !wanted.resources.has(row.resourceId),
  );
  return { roles: roles.map((row) => row.roleId), resources: resources.map((row) => row.resourceId) };
}

/** A text may delete what it creates, and what it handed to that creation with it. */
function deletesSomethingNew(resolved: Resolved): boolean {
  return resolved.deletions.some(({ type }) => type === 'delete') && resolved.records.length > 0;
}
