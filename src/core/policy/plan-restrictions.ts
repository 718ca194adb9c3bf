import type { FullId } from '../ids.ts';
import type { Change, Current, LoadMode, Resolved } from './types.ts';

/**
 * Changed network restrictions of users and hosts that are there already and belong to this policy (`isOwn`). Append adds
 * to them, the other modes set them. New roles carry theirs in `createdRoles`.
 */
export function restrictionChanges(
  resolved: Resolved,
  current: Current,
  mode: LoadMode,
  isOwn: (id: FullId) => boolean,
): Change[] {
  const before = new Map(current.credentials.map((row) => [row.roleId, row.restrictedTo]));
  return resolved.records.flatMap(({ id: roleId, restrictedTo: written }): Change[] => {
    if (written === null || !isOwn(roleId)) return [];
    const old = before.get(roleId) ?? [];
    const known = new Set(old);
    const restrictedTo = mode === 'append' ? [...new Set([...old, ...written])] : written;
    const same = restrictedTo.length === known.size && restrictedTo.every((cidr) => known.has(cidr));
    return same ? [] : [{ op: 'update', table: 'credentials', roleId, restrictedTo }];
  });
}
