import type { FullId } from '../ids.ts';
import { doomed, needed } from '../policy/plan-needed.ts';
import { annotationKey, membershipKey, permissionKey } from '../policy/plan-rows.ts';
import type {
  AnnotationRow,
  Change,
  CredentialsRow,
  Current,
  DependentRow,
  LoadMode,
  MembershipRow,
  PermissionRow,
  Resolved,
  ResourceRow,
  RoleRow,
} from '../policy/types.ts';

/** The policy tables in memory, with the foreign keys and cascades of the real ones. */
export interface RowDatabase {
  readonly roles: Map<string, RoleRow>;
  readonly resources: Map<string, ResourceRow>;
  readonly memberships: Map<string, MembershipRow>;
  readonly permissions: Map<string, PermissionRow>;
  readonly annotations: Map<string, AnnotationRow>;
  readonly credentials: Map<string, CredentialsRow>;
}

export function emptyDatabase(): RowDatabase {
  return {
    roles: new Map(),
    resources: new Map(),
    memberships: new Map(),
    permissions: new Map(),
    annotations: new Map(),
    credentials: new Map(),
  };
}

export function copyOf(db: RowDatabase): RowDatabase {
  return {
    roles: new Map(db.roles),
    resources: new Map(db.resources),
    memberships: new Map(db.memberships),
    permissions: new Map(db.permissions),
    annotations: new Map(db.annotations),
    credentials: new Map(db.credentials),
  };
}

/** What the store would hand to the planner: nothing but what it asks for. */
export function fetchCurrent(db: RowDatabase, resolved: Resolved, mode: LoadMode): Current {
  const wanted = needed(resolved);
  const ids = new Set<string>(wanted.ids);
  const keys = new Set([
    ...wanted.memberships.map(membershipKey),
    ...wanted.permissions.map(permissionKey),
    ...wanted.annotations.map(annotationKey),
  ]);
  const own = (row: { readonly policyId: FullId | null }): boolean => row.policyId === resolved.policyId;
  const rows = <T extends { readonly policyId: FullId | null }>(
    table: Map<string, T>,
    asked: Set<string>,
  ): T[] => [...table].filter(([key, row]) => own(row) || asked.has(key)).map(([, row]) => row);
  const current: Current = {
    roles: rows(db.roles, ids),
    resources: rows(db.resources, ids),
    memberships: rows(db.memberships, keys),
    permissions: rows(db.permissions, keys),
    annotations: rows(db.annotations, keys),
    credentials: wanted.credentials.flatMap((id) => db.credentials.get(id) ?? []),
    dependents: [],
  };
  return { ...current, dependents: dependentsOf(db, doomed(resolved, current, mode)) };
}

function dependentsOf(db: RowDatabase, seeds: readonly FullId[]): DependentRow[] {
  const found = new Set<FullId>(seeds);
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const row of db.resources.values()) {
      if (found.has(row.ownerId) || (row.policyId !== null && found.has(row.policyId)))
        found.add(row.resourceId);
    }
    for (const row of db.roles.values())
      if (row.policyId !== null && found.has(row.policyId)) found.add(row.roleId);
  }
  return [...found].map((id) => ({
    id,
    ownerId: db.resources.get(id)?.ownerId ?? null,
    rolePolicyId: db.roles.get(id)?.policyId ?? null,
    resourcePolicyId: db.resources.get(id)?.policyId ?? null,
  }));
}

/** Applies one change as PostgreSQL would: a duplicate key or a missing target of a foreign key throws. */
export function applyChange(db: RowDatabase, change: Change): void {
  switch (change.table) {
    case 'roles':
      if (change.op === 'delete') deleteRole(db, change.roleId);
      else insert(db, db.roles, change.roleId, pick(change), [], change.policyId);
      return;
    case 'resources':
      if (change.op === 'delete') deleteResource(db, change.resourceId);
      else if (change.op === 'update') {
        requireRole(db, change.ownerId);
        db.resources.set(change.resourceId, {
          ...existing(db.resources, change.resourceId),
          ownerId: change.ownerId,
        });
      } else insert(db, db.resources, change.resourceId, pick(change), [change.ownerId], change.policyId);
      return;
    case 'role_memberships': {
      const key = membershipKey(change);
      if (change.op === 'delete') db.memberships.delete(key);
      else if (change.op === 'update') {
        db.memberships.set(key, { ...existing(db.memberships, key), adminOption: change.adminOption });
      } else insert(db, db.memberships, key, pick(change), [change.roleId, change.memberId], change.policyId);
      return;
    }
    case 'permissions': {
      const key = permissionKey(change);
      if (change.op === 'delete') db.permissions.delete(key);
      else {
        existing(db.resources, change.resourceId);
        insert(db, db.permissions, key, pick(change), [change.roleId], change.policyId);
      }
      return;
    }
    case 'annotations': {
      const key = annotationKey(change);
      if (change.op === 'delete') db.annotations.delete(key);
      else if (change.op === 'update') {
        db.annotations.set(key, { ...existing(db.annotations, key), value: change.value });
      } else {
        existing(db.resources, change.resourceId);
        insert(db, db.annotations, key, pick(change), [], change.policyId);
      }
      return;
    }
    case 'credentials':
      db.credentials.set(change.roleId, { roleId: change.roleId, restrictedTo: change.restrictedTo });
      return;
    default:
      change satisfies never;
  }
}

function pick<T extends { readonly op: string; readonly table: string }>(change: T): Omit<T, 'op' | 'table'> {
  const { op: _, table: __, ...row } = change;
  return row;
}

function insert<T>(
  db: RowDatabase,
  table: Map<string, T>,
  key: string,
  row: T,
  roles: readonly FullId[],
  policyId: FullId | null,
): void {
  if (table.has(key)) throw new Error(`duplicate key ${JSON.stringify(key)}`);
  for (const role of roles) requireRole(db, role);
  if (policyId !== null) existing(db.resources, policyId);
  table.set(key, row);
}

function requireRole(db: RowDatabase, id: FullId): void {
  existing(db.roles, id);
}

function existing<T>(table: Map<string, T>, key: string): T {
  const row = table.get(key);
  if (row === undefined) throw new Error(`no row ${JSON.stringify(key)}`);
  return row;
}

export function deleteRole(db: RowDatabase, id: FullId): void {
  if (!db.roles.delete(id)) return;
  db.credentials.delete(id);
  removeWhere(db.memberships, (row) => row.roleId === id || row.memberId === id);
  removeWhere(db.permissions, (row) => row.roleId === id);
  for (const row of [...db.resources.values()]) if (row.ownerId === id) deleteResource(db, row.resourceId);
}

export function deleteResource(db: RowDatabase, id: FullId): void {
  if (!db.resources.delete(id)) return;
  removeWhere(db.permissions, (row) => row.resourceId === id || row.policyId === id);
  removeWhere(db.annotations, (row) => row.resourceId === id || row.policyId === id);
  removeWhere(db.memberships, (row) => row.policyId === id);
  for (const row of [...db.resources.values()]) if (row.policyId === id) deleteResource(db, row.resourceId);
  for (const row of [...db.roles.values()]) if (row.policyId === id) deleteRole(db, row.roleId);
}

function removeWhere<T>(table: Map<string, T>, goes: (row: T) => boolean): void {
  for (const [key, row] of table) if (goes(row)) table.delete(key);
}
