import { type FullId, kindOf } from '../ids.ts';
import { annotationKey, membershipKey, permissionKey } from '../policy/plan-rows.ts';
import type { LoadMode, Resolved } from '../policy/types.ts';
import { copyOf, deleteResource, deleteRole, type RowDatabase } from './row-database.ts';

/**
 * A policy load told in the plainest way, row after row on the whole database, with no plan: what the planner is held
 * against. Answers the database afterwards, or null where the load is refused.
 */
export function modelLoad(before: RowDatabase, resolved: Resolved, mode: LoadMode): RowDatabase | null {
  const db = copyOf(before);
  const me = resolved.policyId;
  if (mode === 'append' && resolved.deletions.length > 0) return null;
  const isOwn = (row: { readonly policyId: FullId | null } | undefined): boolean => row?.policyId === me;
  if (mode !== 'append') {
    for (const { id, isResource, ownerId } of resolved.records) if (isResource) handOver(db, id, ownerId, me);
  }
  if (mode === 'replace') removeAbsent(db, resolved);
  if (!db.resources.has(me) || !referencesExist(db, resolved)) return null;
  const fresh = new Set<FullId>();
  for (const record of resolved.records) {
    if (record.isRole && !db.roles.has(record.id)) {
      fresh.add(record.id);
      db.roles.set(record.id, { roleId: record.id, policyId: me });
      const restrictedTo = record.restrictedTo ?? [];
      if (['user', 'host'].includes(kindOf(record.id)))
        db.credentials.set(record.id, { roleId: record.id, restrictedTo });
    } else if (record.restrictedTo !== null && isOwn(db.roles.get(record.id))) {
      const old = mode === 'append' ? (db.credentials.get(record.id)?.restrictedTo ?? []) : [];
      db.credentials.set(record.id, {
        roleId: record.id,
        restrictedTo: [...new Set([...old, ...record.restrictedTo])],
      });
    }
  }
  for (const { id, isResource, ownerId } of resolved.records) {
    if (!isResource) continue;
    if (!db.resources.has(id)) {
      fresh.add(id);
      db.resources.set(id, { resourceId: id, ownerId, policyId: me });
    }
    const row = db.resources.get(id);
    if (fresh.has(id) && isOwn(row) && row?.ownerId === ownerId) setOwnership(db, id, me);
  }
  const grants = [
    ...resolved.records.flatMap(({ id, layerIds }) =>
      layerIds.map((roleId) => ({ roleId, memberId: id, admin: false })),
    ),
    ...resolved.grants,
  ];
  for (const { roleId, memberId, admin } of grants) {
    const row = { roleId, memberId, adminOption: admin, ownership: false, policyId: me };
    put(db.memberships, membershipKey(row), row, me, mode);
  }
  for (const { resourceId, roleId, privilege } of resolved.permits) {
    const row = { resourceId, roleId, privilege, policyId: me };
    put(db.permissions, permissionKey(row), row, me, mode);
  }
  for (const { id, annotations } of resolved.records) {
    for (const { name, value } of annotations) {
      const row = { resourceId: id, name, value, policyId: me };
      put(db.annotations, annotationKey(row), row, me, mode);
    }
  }
  for (const deletion of resolved.deletions) {
    if (deletion.type === 'revoke')
      removeOwn(db.memberships, membershipKey({ ...deletion, ownership: false }), me);
    if (deletion.type === 'deny') removeOwn(db.permissions, permissionKey(deletion), me);
  }
  const named = resolved.deletions.flatMap((deletion) => (deletion.type === 'delete' ? [deletion.id] : []));
  removeAll(db, named, named);
  return db.resources.has(me) ? db : null;
}

/** Existing rows stay in append, and rows of other policies always. */
function put<T extends { readonly policyId: FullId | null }>(
  table: Map<string, T>,
  key: string,
  row: T,
  me: FullId,
  mode: LoadMode,
): void {
  const old = table.get(key);
  if (old === undefined || (mode !== 'append' && old.policyId === me)) table.set(key, row);
}

function removeOwn<T extends { readonly policyId: FullId | null }>(
  table: Map<string, T>,
  key: string,
  me: FullId,
): void {
  if (table.get(key)?.policyId === me) table.delete(key);
}

function handOver(db: RowDatabase, id: FullId, ownerId: FullId, me: FullId): void {
  const row = db.resources.get(id);
  if (row === undefined || row.policyId !== me || row.ownerId === ownerId) return;
  db.memberships.delete(membershipKey({ roleId: id, memberId: row.ownerId, ownership: true }));
  db.resources.set(id, { ...row, ownerId });
  setOwnership(db, id, me);
}

function setOwnership(db: RowDatabase, id: FullId, me: FullId): void {
  const owner = db.resources.get(id)?.ownerId;
  if (owner === undefined || !db.roles.has(id)) return;
  const row = { roleId: id, memberId: owner, adminOption: true, ownership: true, policyId: me };
  if (!db.memberships.has(membershipKey(row))) db.memberships.set(membershipKey(row), row);
}

function removeAbsent(db: RowDatabase, resolved: Resolved): void {
  const me = resolved.policyId;
  const roles = new Set(resolved.records.filter((record) => record.isRole).map(({ id }) => id));
  const resources = new Set(resolved.records.filter((record) => record.isResource).map(({ id }) => id));
  removeAll(
    db,
    [...db.roles.values()]
      .filter((row) => row.policyId === me && !roles.has(row.roleId))
      .map((row) => row.roleId),
    [...db.resources.values()]
      .filter((row) => row.policyId === me && !resources.has(row.resourceId))
      .map((row) => row.resourceId),
  );
  const kept = new Set([
    ...resolved.grants.map((row) => membershipKey({ ...row, ownership: false })),
    ...resolved.records.flatMap(({ id, layerIds }) =>
      layerIds.map((roleId) => membershipKey({ roleId, memberId: id, ownership: false })),
    ),
    ...resolved.permits.map(permissionKey),
    ...resolved.records.flatMap(({ id, annotations }) =>
      annotations.map(({ name }) => annotationKey({ resourceId: id, name })),
    ),
  ]);
  for (const [key, row] of db.memberships) {
    if (row.policyId === me && !row.ownership && !kept.has(key)) db.memberships.delete(key);
  }
  for (const [key, row] of db.permissions)
    if (row.policyId === me && !kept.has(key)) db.permissions.delete(key);
  for (const [key, row] of db.annotations)
    if (row.policyId === me && !kept.has(key)) db.annotations.delete(key);
}

/** Marks until nothing more is marked, then deletes. */
function removeAll(db: RowDatabase, roleIds: readonly FullId[], resourceIds: readonly FullId[]): void {
  const roles = new Set<string>(roleIds);
  const resources = new Set<string>(resourceIds.filter((id) => db.resources.has(id)));
  for (let before = -1; before < roles.size + resources.size; ) {
    before = roles.size + resources.size;
    for (const { resourceId, ownerId, policyId } of db.resources.values()) {
      if (roles.has(ownerId)) roles.add(resourceId);
      if (roles.has(ownerId) || (policyId !== null && resources.has(policyId))) resources.add(resourceId);
    }
    for (const { roleId, policyId } of db.roles.values()) {
      if (policyId !== null && resources.has(policyId)) roles.add(roleId);
    }
  }
  for (const id of [...db.resources.keys()]) {
    const row = db.resources.get(id);
    if (row === undefined || !resources.has(id)) continue;
    db.memberships.delete(membershipKey({ roleId: row.resourceId, memberId: row.ownerId, ownership: true }));
    deleteResource(db, row.resourceId);
  }
  for (const row of [...db.roles.values()]) if (roles.has(row.roleId)) deleteRole(db, row.roleId);
}

function referencesExist(db: RowDatabase, resolved: Resolved): boolean {
  const roles = new Set<string>(db.roles.keys());
  const resources = new Set<string>(db.resources.keys());
  for (const { id, isRole, isResource } of resolved.records) {
    if (isRole) roles.add(id);
    if (isResource) resources.add(id);
  }
  return (
    resolved.records.every(
      (r) => (!r.isResource || roles.has(r.ownerId)) && r.layerIds.every((id) => roles.has(id)),
    ) &&
    resolved.grants.every(({ roleId, memberId }) => roles.has(roleId) && roles.has(memberId)) &&
    resolved.permits.every(({ roleId, resourceId }) => roles.has(roleId) && resources.has(resourceId))
  );
}
