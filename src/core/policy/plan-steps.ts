import type { FullId } from '../ids.ts';
import { goneChanges } from './plan-deletions.ts';
import { absent, type Load } from './plan-load.ts';
import { annotationKey, membershipKey, ownershipRow } from './plan-rows.ts';
import type { Change } from './types.ts';

/** New owners, each with the membership that moves along. */
export function ownerChanges({ owners, existing, live, wanted, policyId }: Load): Change[] {
  const kept = [...owners].filter(([id]) => live.resources.has(id));
  const roles = kept.filter(([id]) => live.roles.has(id) || wanted.roles.has(id));
  const former = roles.map(([roleId]) => ({
    roleId,
    memberId: existing.resources.get(roleId)?.ownerId ?? roleId,
  }));
  return [
    ...kept.map(
      ([resourceId, ownerId]): Change => ({ op: 'update', table: 'resources', resourceId, ownerId }),
    ),
    ...former.map((key): Change => ({ op: 'delete', table: 'role_memberships', ...key, ownership: true })),
    ...roles.map(([roleId, ownerId]): Change => {
      return { op: 'insert', table: 'role_memberships', ...ownershipRow(roleId, ownerId, policyId) };
    }),
  ];
}

/** Replace: what the text no longer has. Deepest first, so that each deletion is its own. */
export function removals({
  mode,
  policyId,
  wanted,
  existing,
  live,
  gone,
  owners,
  dependents,
}: Load): Change[] {
  if (mode !== 'replace') return [];
  const left = <V extends { readonly policyId: FullId | null }>(
    rows: ReadonlyMap<string, V>,
    text: ReadonlyMap<string, V>,
  ): V[] =>
    [...rows].filter(([key, row]) => row.policyId === policyId && !text.has(key)).map(([, row]) => row);
  const grants = left(live.memberships, wanted.memberships).filter((row) => !row.ownership);
  return [
    ...grants.map(({ roleId, memberId }): Change => {
      return { op: 'delete', table: 'role_memberships', roleId, memberId, ownership: false };
    }),
    ...left(live.permissions, wanted.permissions).map(({ resourceId, roleId, privilege }): Change => {
      return { op: 'delete', table: 'permissions', resourceId, roleId, privilege };
    }),
    ...left(live.annotations, wanted.annotations).map(({ resourceId, name }): Change => {
      return { op: 'delete', table: 'annotations', resourceId, name };
    }),
    ...goneChanges(gone, { rows: existing, dependents, owners }),
  ];
}

/** What the text has and the database has not, or no longer. */
export function insertions({ policyId, wanted, live }: Load): Change[] {
  const resources = absent(wanted.resources, live.resources);
  const ownerships = [...wanted.resources.values()]
    .filter(({ resourceId: id, ownerId }) => {
      const row = live.resources.get(id);
      const ours = row === undefined || (row.policyId === policyId && row.ownerId === ownerId);
      // As with Conjur's triggers, it is made with the later of the two, the role and the resource.
      const isNew = row === undefined || !live.roles.has(id);
      return ours && isNew && (wanted.roles.has(id) || live.roles.has(id));
    })
    .map(({ resourceId, ownerId }) => ownershipRow(resourceId, ownerId, policyId))
    .filter((row) => !live.memberships.has(membershipKey(row)));
  return [
    ...resources.map((row): Change => ({ op: 'insert', table: 'resources', ...row })),
    ...[...ownerships, ...absent(wanted.memberships, live.memberships)].map((row): Change => {
      return { op: 'insert', table: 'role_memberships', ...row };
    }),
    ...absent(wanted.permissions, live.permissions).map((row): Change => {
      return { op: 'insert', table: 'permissions', ...row };
    }),
    ...absent(wanted.annotations, live.annotations).map((row): Change => {
      return { op: 'insert', table: 'annotations', ...row };
    }),
  ];
}

/** Columns outside the keys of this policy's own rows. */
export function updates({ policyId, wanted, live }: Load): Change[] {
  const grants = [...wanted.memberships.values()].filter((row) => {
    const old = live.memberships.get(membershipKey(row));
    return old?.policyId === policyId && old.adminOption !== row.adminOption;
  });
  const notes = [...wanted.annotations.values()].filter((row) => {
    const old = live.annotations.get(annotationKey(row));
    return old?.policyId === policyId && old.value !== row.value;
  });
  return [
    ...grants.map(({ policyId: _, ...row }): Change => ({ op: 'update', table: 'role_memberships', ...row })),
    ...notes.map(({ policyId: _, ...row }): Change => ({ op: 'update', table: 'annotations', ...row })),
  ];
}
