/**
 * Who may do what, worked out in the slow and obvious way. The SQL answers the same questions fast; random tests hold it
 * against this file.
 */
import type { FullId } from '../ids.ts';

/** The rows that decide access. */
export interface AccessGraph {
  /** `memberId` has the role `roleId`. Whether by grant or by ownership, with or without admin option, is all one here. */
  readonly memberships: readonly { readonly roleId: FullId; readonly memberId: FullId }[];
  readonly resources: readonly { readonly resourceId: FullId; readonly ownerId: FullId }[];
  readonly permissions: readonly {
    readonly resourceId: FullId;
    readonly roleId: FullId;
    readonly privilege: string;
  }[];
}

/** All roles that `role` has: itself, the roles it is a member of, the roles those are members of ... */
export function closure(role: FullId, graph: AccessGraph): ReadonlySet<FullId> {
  const roles = new Set([role]);
  for (let before = 0; before < roles.size; ) {
    before = roles.size;
    for (const { roleId, memberId } of graph.memberships) if (roles.has(memberId)) roles.add(roleId);
  }
  return roles;
}

/** Whether `role` holds `privilege` on `resource`: an owner holds every privilege, anyone else needs a permission. */
export function may(role: FullId, privilege: string, resource: FullId, graph: AccessGraph): boolean {
  return (
    owns(role, resource, graph) ||
    permissionsOn(role, resource, graph).some((row) => row.privilege === privilege)
  );
}

/** Whether `role` may know that `resource` exists: it owns it or holds any privilege on it. */
export function visible(role: FullId, resource: FullId, graph: AccessGraph): boolean {
  return owns(role, resource, graph) || permissionsOn(role, resource, graph).length > 0;
}

function owns(role: FullId, resource: FullId, graph: AccessGraph): boolean {
  const roles = closure(role, graph);
  return graph.resources.some((row) => row.resourceId === resource && roles.has(row.ownerId));
}

/** A permission on what does not exist allows nothing. */
function permissionsOn(role: FullId, resource: FullId, graph: AccessGraph): AccessGraph['permissions'] {
  const roles = closure(role, graph);
  const exists = graph.resources.some((row) => row.resourceId === resource);
  return exists
    ? graph.permissions.filter((row) => row.resourceId === resource && roles.has(row.roleId))
    : [];
}
