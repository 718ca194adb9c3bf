import { type FullId, identifierOf, isRoleKind, kindOf, splitFullId } from '../ids.ts';
import { type PreviewRows, type PreviewState, stateAfter, stateOf } from './preview-rows.ts';
import type { Change, PermissionRow, Plan } from './types.ts';

/** A role or resource as a dry run tells it; what the caller cannot see has only a masked id and its type. */
export type PreviewItem = Readonly<Record<string, unknown>>;

export interface Preview {
  readonly created: readonly PreviewItem[];
  readonly before: readonly PreviewItem[];
  readonly after: readonly PreviewItem[];
  readonly deleted: readonly PreviewItem[];
}

/** The ids that a plan creates, changes, deletes, or ties to something. */
export function touchedIds({ changes }: Pick<Plan, 'changes'>): ReadonlySet<FullId> {
  const ids = new Set<FullId>();
  for (const change of changes) {
    if ('resourceId' in change) ids.add(change.resourceId);
    if ('roleId' in change) ids.add(change.roleId);
    if ('memberId' in change) ids.add(change.memberId);
  }
  return ids;
}

/** The roles and resources that a plan deletes: what hangs on them goes too, and whoever it tied to them changes. */
export function deletedIds({ changes }: Pick<Plan, 'changes'>): ReadonlySet<FullId> {
  const isDeletion = (change: Change): boolean =>
    change.op === 'delete' && (change.table === 'roles' || change.table === 'resources');
  return touchedIds({ changes: changes.filter(isDeletion) });
}

/** New memberships: what the caller reaches through them it will see. */
export function newEdges({
  changes,
}: Plan): readonly { readonly roleId: FullId; readonly memberId: FullId }[] {
  return changes.flatMap((change) =>
    change.table === 'role_memberships' && change.op === 'insert' ? [change] : [],
  );
}

/**
 * What `plan` would change, each resource with all its fields as they are and as they would be.
 *
 * @param rows all rows of `ids` before the load
 * @param sees whether the caller can see an id, now or after the load
 */
export function preview(
  plan: Plan,
  ids: ReadonlySet<FullId>,
  rows: PreviewRows,
  sees: (id: FullId, after: PreviewState) => boolean,
): Preview {
  const before = stateOf(rows);
  const after = stateAfter(rows, plan);
  const seen = new Map<FullId, boolean>();
  const show = (id: FullId): string => {
    const known = seen.get(id) ?? sees(id, after);
    seen.set(id, known);
    return known ? id : masked(id);
  };
  const was = (id: FullId): PreviewItem => item(before, id, show);
  const becomes = (id: FullId): PreviewItem => item(after, id, show);
  const present = rolesFirst([...ids].filter((id) => before.resources.has(id)).sort());
  const created = rolesFirst([...after.resources.keys()].filter((id) => !before.resources.has(id)));
  const changed = present.filter(
    (id) =>
      after.resources.has(id) &&
      JSON.stringify(item(before, id, bare)) !== JSON.stringify(item(after, id, bare)),
  );
  return {
    created: created.map(becomes),
    before: changed.map(was),
    after: changed.map(becomes),
    deleted: present.filter((id) => !after.resources.has(id)).map(was),
  };
}

const bare = (id: FullId): string => id;

function masked(id: FullId): string {
  const { account, kind } = splitFullId(id);
  return `${account}:${kind}:[REDACTED]`;
}

function rolesFirst(ids: readonly FullId[]): FullId[] {
  const isRole = (id: FullId): boolean => isRoleKind(kindOf(id));
  return [...ids.filter(isRole), ...ids.filter((id) => !isRole(id))];
}

/** `identifier` is the full id and `id` the rest of it: so the wire has it. */
function item(state: PreviewState, id: FullId, show: (id: FullId) => string): PreviewItem {
  const type = kindOf(id);
  const identifier = show(id);
  if (identifier !== id) return { identifier, type };
  const row = state.resources.get(id);
  const common = {
    identifier,
    id: identifierOf(id),
    type,
    owner: row === undefined ? null : show(row.ownerId),
    policy: row === undefined || row.policyId === null ? null : show(row.policyId),
  };
  const annotations = Object.fromEntries(
    state.annotations
      .on(id)
      .filter(({ resourceId }) => resourceId === id)
      .map(({ name, value }) => [name, value]),
  );
  const rows = state.permissions.on(id);
  if (!isRoleKind(type)) {
    const permitted = rows.filter(({ resourceId }) => resourceId === id);
    return { ...common, permitted: byPrivilege(permitted, ({ roleId }) => show(roleId)), annotations };
  }
  const held = rows.filter(({ roleId }) => roleId === id);
  const ties = state.memberships.on(id);
  return {
    ...common,
    permissions: byPrivilege(held, ({ resourceId }) => show(resourceId)),
    annotations,
    members: ties.filter(({ roleId }) => roleId === id).map(({ memberId }) => show(memberId)),
    memberships: ties.filter(({ memberId }) => memberId === id).map(({ roleId }) => show(roleId)),
    restricted_to: state.restrictions.get(id) ?? [],
  };
}

function byPrivilege(
  rows: readonly PermissionRow[],
  idOf: (row: PermissionRow) => string,
): Readonly<Record<string, readonly string[]>> {
  const ids = new Map<string, string[]>();
  for (const row of [...rows].sort((a, b) => (a.privilege < b.privilege ? -1 : 1))) {
    const list = ids.get(row.privilege);
    if (list === undefined) ids.set(row.privilege, [idOf(row)]);
    else list.push(idOf(row));
  }
  return Object.fromEntries(ids);
}
