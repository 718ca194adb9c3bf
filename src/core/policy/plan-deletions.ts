import { type FullId, isRoleKind, kindOf } from '../ids.ts';
import { type CascadeGround, cascade, type Gone } from './plan-cascade.ts';
import { membershipKey, permissionKey, type Rows } from './plan-rows.ts';
import type { Change, Resolved } from './types.ts';

/** What the text's deletion statements do. */
export interface Deletions {
  readonly changes: readonly Change[];
  readonly gone: Gone;
}

/**
 * `!revoke` and `!deny` take away rows that this policy made, `!delete` takes any role or resource with everything that
 * depends on it. What is not there is no fault. `ground` is how things stand once the rest of the text is done.
 */
export function explicitDeletions(
  resolved: Resolved,
  wanted: Rows,
  live: Rows,
  ground: CascadeGround,
): Deletions {
  const { policyId } = resolved;
  const taken = new Set<string>();
  const roots = { roles: new Set<FullId>(), resources: new Set<FullId>() };
  const revokes: Change[] = [];
  const denials: Change[] = [];
  for (const deletion of resolved.deletions) {
    if (deletion.type === 'delete') {
      if (ground.rows.roles.has(deletion.id)) roots.roles.add(deletion.id);
      if (ground.rows.resources.has(deletion.id)) roots.resources.add(deletion.id);
      continue;
    }
    if (deletion.type === 'revoke') {
      const key = { roleId: deletion.roleId, memberId: deletion.memberId, ownership: false };
      const text = membershipKey(key);
      const row = live.memberships.get(text) ?? wanted.memberships.get(text);
      if (row?.policyId !== policyId || taken.has(text)) continue;
      taken.add(text);
      revokes.push({ op: 'delete', table: 'role_memberships', ...key });
      continue;
    }
    const { resourceId, roleId, privilege } = deletion;
    const key = { resourceId, roleId, privilege };
    const text = permissionKey(key);
    const row = live.permissions.get(text) ?? wanted.permissions.get(text);
    if (row?.policyId !== policyId || taken.has(text)) continue;
    taken.add(text);
    denials.push({ op: 'delete', table: 'permissions', ...key });
  }
  const gone = cascade(roots, ground);
  return { changes: [...revokes, ...denials, ...goneChanges(gone, ground)], gone };
}

/**
 * The deletions of roles and resources, the deepest first, so that each is its own statement's doing and not a cascade's.
 * A resource that goes while its role stays leaves the owner's membership behind, which goes too.
 */
export function goneChanges(gone: Gone, { rows, dependents, owners }: CascadeGround): Change[] {
  const others = new Map(dependents.map((row) => [row.id, row]));
  const ownerOf = (id: FullId): FullId | undefined => {
    return owners.get(id) ?? rows.resources.get(id)?.ownerId ?? others.get(id)?.ownerId ?? undefined;
  };
  // A dependent loaded by no policy does not say whether it has a role: its kind does.
  const hasRole = (id: FullId): boolean => {
    if (rows.roles.has(id)) return true;
    const other = others.get(id);
    return other !== undefined && (other.rolePolicyId !== null || isRoleKind(kindOf(id)));
  };
  const resources = [...gone.resources].filter((id) => ownerOf(id) !== undefined).reverse();
  const roles = [...gone.roles].filter(hasRole).reverse();
  return [
    ...resources
      .filter((id) => hasRole(id) && !gone.roles.has(id))
      .map((roleId): Change => {
        return {
          op: 'delete',
          table: 'role_memberships',
          roleId,
          memberId: ownerOf(roleId) ?? roleId,
          ownership: true,
        };
      }),
    ...resources.map((resourceId): Change => ({ op: 'delete', table: 'resources', resourceId })),
    ...roles.map((roleId): Change => ({ op: 'delete', table: 'roles', roleId })),
  ];
}
