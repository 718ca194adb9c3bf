import type { FullId } from '../ids.ts';
import type {
  AnnotationKey,
  AnnotationRow,
  Current,
  LoadMode,
  MembershipKey,
  MembershipRow,
  PermissionKey,
  PermissionRow,
  Resolved,
  ResourceRow,
  RoleRow,
} from './types.ts';

/** Rows by key. No id holds a NUL, so joined keys cannot be mistaken for each other. */
export interface Rows {
  readonly roles: ReadonlyMap<FullId, RoleRow>;
  readonly resources: ReadonlyMap<FullId, ResourceRow>;
  readonly memberships: ReadonlyMap<string, MembershipRow>;
  readonly permissions: ReadonlyMap<string, PermissionRow>;
  readonly annotations: ReadonlyMap<string, AnnotationRow>;
}

/** The key of a membership as text. */
export function membershipKey(row: MembershipKey): string {
  return `${row.roleId}\0${row.memberId}\0${row.ownership}`;
}

/** The key of a permission as text. */
export function permissionKey(row: PermissionKey): string {
  return `${row.resourceId}\0${row.roleId}\0${row.privilege}`;
}

/** The key of an annotation as text. */
export function annotationKey(row: AnnotationKey): string {
  return `${row.resourceId}\0${row.name}`;
}

/** The membership that the owner of a role's resource has in that role. */
export function ownershipRow(roleId: FullId, ownerId: FullId, policyId: FullId): MembershipRow {
  return { roleId, memberId: ownerId, adminOption: true, ownership: true, policyId };
}

/** The rows of the database, by key. */
export function currentRows(current: Current): Rows {
  return {
    roles: new Map(current.roles.map((row) => [row.roleId, row])),
    resources: new Map(current.resources.map((row) => [row.resourceId, row])),
    memberships: new Map(current.memberships.map((row) => [membershipKey(row), row])),
    permissions: new Map(current.permissions.map((row) => [permissionKey(row), row])),
    annotations: new Map(current.annotations.map((row) => [annotationKey(row), row])),
  };
}

/**
 * The rows that the text asks for, without the memberships of owners: those follow their resource. The layers of a host
 * factory are grants to it.
 */
export function wantedRows(resolved: Resolved): Rows {
  const { policyId, records } = resolved;
  const roles = new Map<FullId, RoleRow>();
  const resources = new Map<FullId, ResourceRow>();
  const memberships = new Map<string, MembershipRow>();
  const permissions = new Map<string, PermissionRow>();
  const annotations = new Map<string, AnnotationRow>();
  const grant = (roleId: FullId, memberId: FullId, adminOption: boolean): void => {
    const row = { roleId, memberId, adminOption, ownership: false, policyId };
    memberships.set(membershipKey(row), row);
  };
  for (const { id, isRole, isResource, ownerId, layerIds, annotations: notes } of records) {
    if (isRole) roles.set(id, { roleId: id, policyId });
    if (isResource) resources.set(id, { resourceId: id, ownerId, policyId });
    for (const layerId of layerIds) grant(layerId, id, false);
    for (const { name, value } of notes) {
      const row = { resourceId: id, name, value, policyId };
      annotations.set(annotationKey(row), row);
    }
  }
  for (const { roleId, memberId, admin } of resolved.grants) grant(roleId, memberId, admin);
  for (const { resourceId, roleId, privilege } of resolved.permits) {
    const row = { resourceId, roleId, privilege, policyId };
    permissions.set(permissionKey(row), row);
  }
  return { roles, resources, memberships, permissions, annotations };
}

/** The owners that the text gives to resources which are this policy's already. Append never updates. */
export function changedOwners(
  wanted: Rows,
  existing: Rows,
  policyId: FullId,
  mode: LoadMode,
): Map<FullId, FullId> {
  const changed = new Map<FullId, FullId>();
  if (mode === 'append') return changed;
  for (const { resourceId, ownerId } of wanted.resources.values()) {
    const row = existing.resources.get(resourceId);
    if (row?.policyId === policyId && row.ownerId !== ownerId) changed.set(resourceId, ownerId);
  }
  return changed;
}
