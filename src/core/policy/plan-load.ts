import type { FullId } from '../ids.ts';
import { type CascadeGround, cascade, type Gone } from './plan-cascade.ts';
import { absentOwn } from './plan-needed.ts';
import { changedOwners, currentRows, type Rows, wantedRows } from './plan-rows.ts';
import type { Current, LoadMode, Resolved } from './types.ts';

/** Everything that the steps look at. */
export interface Load {
  readonly policyId: FullId;
  readonly mode: LoadMode;
  readonly wanted: Rows;
  readonly existing: Rows;
  /** What replacing removes, and what goes with it. */
  readonly gone: Gone;
  /** `existing` without what is gone. */
  readonly live: Rows;
  readonly owners: ReadonlyMap<FullId, FullId>;
  readonly dependents: Current['dependents'];
}

/** Sets wanted against existing rows, and finds what replacing takes away. */
export function prepare(resolved: Resolved, current: Current, mode: LoadMode): Load {
  const { policyId } = resolved;
  const wanted = wantedRows(resolved);
  const existing = currentRows(current);
  const owners = changedOwners(wanted, existing, policyId, mode);
  const { dependents } = current;
  const none: Gone = { roles: new Set(), resources: new Set() };
  let gone = none;
  if (mode === 'replace') {
    const roots = absentOwn(wanted, existing, policyId);
    const ground = { rows: existing, dependents, owners };
    gone = cascade({ roles: new Set(roots.roles), resources: new Set(roots.resources) }, ground);
  }
  return { policyId, mode, wanted, existing, gone, live: without(existing, gone), owners, dependents };
}

/** Foreign keys take along what points at a row that goes. */
function without(rows: Rows, gone: Gone): Rows {
  if (gone.roles.size + gone.resources.size === 0) return rows;
  const role = (id: FullId): boolean => !gone.roles.has(id);
  const resource = (id: FullId): boolean => !gone.resources.has(id);
  const policy = (id: FullId | null): boolean => id === null || resource(id);
  return {
    roles: only(rows.roles, (row) => role(row.roleId)),
    resources: only(rows.resources, (row) => resource(row.resourceId)),
    memberships: only(
      rows.memberships,
      (row) => role(row.roleId) && role(row.memberId) && policy(row.policyId),
    ),
    permissions: only(
      rows.permissions,
      (row) => resource(row.resourceId) && role(row.roleId) && policy(row.policyId),
    ),
    annotations: only(rows.annotations, (row) => resource(row.resourceId) && policy(row.policyId)),
  };
}

function only<K, V>(rows: ReadonlyMap<K, V>, keep: (row: V) => boolean): Map<K, V> {
  return new Map([...rows].filter(([, row]) => keep(row)));
}

/** The rows of `wanted` that `there` lacks. A row of another policy counts as there. */
export function absent<K, V>(wanted: ReadonlyMap<K, V>, there: ReadonlyMap<K, V>): V[] {
  return [...wanted].filter(([key]) => !there.has(key)).map(([, row]) => row);
}

/** How roles and resources stand after step 4. */
export function groundAfter({ wanted, live, owners, dependents, gone }: Load): CascadeGround {
  return {
    rows: {
      roles: new Map([...wanted.roles, ...live.roles]),
      resources: new Map([...wanted.resources, ...live.resources]),
    },
    dependents: dependents.filter(({ id }) => !gone.roles.has(id) && !gone.resources.has(id)),
    owners,
  };
}
