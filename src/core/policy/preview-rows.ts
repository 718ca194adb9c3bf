import type { FullId } from '../ids.ts';
import { annotationKey, membershipKey, permissionKey } from './plan-rows.ts';
import type {
  AnnotationRow,
  Change,
  CredentialsRow,
  MembershipRow,
  PermissionRow,
  Plan,
  ResourceRow,
} from './types.ts';

/** Rows as they stand before a load: all that belong to the ids which the load touches. */
export interface PreviewRows {
  readonly resources: readonly ResourceRow[];
  readonly memberships: readonly MembershipRow[];
  readonly permissions: readonly PermissionRow[];
  readonly annotations: readonly AnnotationRow[];
  readonly credentials: readonly CredentialsRow[];
}

/** Rows by key that can be found, and taken away, by the ids that they hang on. */
export class RowTable<R> {
  readonly rows: Map<string, R> = new Map();
  readonly #keyOf: (row: R) => string;
  readonly #hangsOn: (row: R) => readonly string[];
  readonly #keysOn = new Map<string, Set<string>>();

  constructor(keyOf: (row: R) => string, hangsOn: (row: R) => readonly string[]) {
    this.#keyOf = keyOf;
    this.#hangsOn = hangsOn;
  }

  put(row: R): void {
    const key = this.#keyOf(row);
    this.rows.set(key, row);
    for (const id of this.#hangsOn(row)) {
      const keys = this.#keysOn.get(id);
      if (keys === undefined) this.#keysOn.set(id, new Set([key]));
      else keys.add(key);
    }
  }

  /** What hangs on `id`, in the order in which it was put. */
  on(id: string): R[] {
    return [...(this.#keysOn.get(id) ?? [])].flatMap((key) => {
      const row = this.rows.get(key);
      return row === undefined ? [] : [row];
    });
  }

  /** A foreign key with `on delete cascade`. */
  removeOn(id: string): void {
    for (const key of this.#keysOn.get(id) ?? []) this.rows.delete(key);
    this.#keysOn.delete(id);
  }
}

/** The rows of a database, as far as a preview looks at them. */
export interface PreviewState {
  readonly resources: Map<FullId, ResourceRow>;
  readonly memberships: RowTable<MembershipRow>;
  readonly permissions: RowTable<PermissionRow>;
  readonly annotations: RowTable<AnnotationRow>;
  readonly restrictions: Map<FullId, readonly string[]>;
}

/** What a row is found by when it goes with its policy. */
const policyOf = ({ policyId }: { readonly policyId: FullId | null }): string =>
  `policy of ${policyId ?? ''}`;

export function stateOf(rows: PreviewRows): PreviewState {
  const state: PreviewState = {
    resources: new Map(rows.resources.map((row) => [row.resourceId, row])),
    memberships: new RowTable<MembershipRow>(membershipKey, (row) => [
      row.roleId,
      row.memberId,
      policyOf(row),
    ]),
    permissions: new RowTable<PermissionRow>(permissionKey, (row) => [
      row.resourceId,
      row.roleId,
      policyOf(row),
    ]),
    annotations: new RowTable<AnnotationRow>(annotationKey, (row) => [row.resourceId, policyOf(row)]),
    restrictions: new Map(rows.credentials.map((row) => [row.roleId, row.restrictedTo])),
  };
  for (const row of rows.memberships) state.memberships.put(row);
  for (const row of rows.permissions) state.permissions.put(row);
  for (const row of rows.annotations) state.annotations.put(row);
  return state;
}

/** How the rows stand after `plan`, which nobody carries out. */
export function stateAfter(rows: PreviewRows, plan: Plan): PreviewState {
  const state = stateOf(rows);
  for (const change of plan.changes) apply(state, change);
  for (const { roleId, restrictedTo } of plan.createdRoles) state.restrictions.set(roleId, restrictedTo);
  return state;
}

function apply(state: PreviewState, change: Change): void {
  switch (change.table) {
    case 'roles':
      if (change.op === 'delete') removeRole(state, change.roleId);
      return;
    case 'resources':
      if (change.op === 'delete') removeResource(state, change.resourceId);
      else if (change.op === 'insert') state.resources.set(change.resourceId, change);
      else {
        const old = state.resources.get(change.resourceId);
        if (old !== undefined) state.resources.set(change.resourceId, { ...old, ownerId: change.ownerId });
      }
      return;
    case 'role_memberships': {
      const key = membershipKey(change);
      const old = state.memberships.rows.get(key);
      if (change.op === 'delete') state.memberships.rows.delete(key);
      else if (change.op === 'insert') state.memberships.put(change);
      else if (old !== undefined) state.memberships.put({ ...old, adminOption: change.adminOption });
      return;
    }
    case 'permissions':
      if (change.op === 'delete') state.permissions.rows.delete(permissionKey(change));
      else state.permissions.put(change);
      return;
    case 'annotations': {
      const key = annotationKey(change);
      const old = state.annotations.rows.get(key);
      if (change.op === 'delete') state.annotations.rows.delete(key);
      else if (change.op === 'insert') state.annotations.put(change);
      else if (old !== undefined) state.annotations.put({ ...old, value: change.value });
      return;
    }
    case 'credentials':
      state.restrictions.set(change.roleId, change.restrictedTo);
      return;
    default:
      change satisfies never;
  }
}

function removeRole(state: PreviewState, id: FullId): void {
  state.memberships.removeOn(id);
  state.permissions.removeOn(id);
  state.restrictions.delete(id);
}

function removeResource(state: PreviewState, id: FullId): void {
  state.resources.delete(id);
  state.permissions.removeOn(id);
  state.annotations.removeOn(id);
  const policy = policyOf({ policyId: id });
  for (const table of [state.memberships, state.permissions, state.annotations]) table.removeOn(policy);
}
