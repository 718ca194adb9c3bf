/**
 * What a load does to the rows. The order of one load:
 *
 * 1. new roles, then new owners of resources that are kept: what a text hands on survives its old owner;
 * 2. replace: rows of this policy that the text no longer has, with everything that depends on them;
 * 3. rows that are new, or that step 2 took along although the text has them;
 * 4. modify and replace: changed admin options, annotation values, network restrictions;
 * 5. the text's `!revoke`, `!deny` and `!delete`.
 *
 * Rows of other policies are left as they are, silently. Append does 1 (roles) and 3 only, and lets network restrictions
 * grow.
 */
import { type FullId, kindOf } from '../ids.ts';
import type { Gone } from './plan-cascade.ts';
import { explicitDeletions } from './plan-deletions.ts';
import { absent, groundAfter, prepare } from './plan-load.ts';
import { deletionRefusal, missingReferences, selfDeletion } from './plan-refusals.ts';
import { restrictionChanges } from './plan-restrictions.ts';
import { insertions, ownerChanges, removals, updates } from './plan-steps.ts';
import type { Change, CreatedRole, Current, LoadMode, Plan, Refusal, Resolved, RoleRow } from './types.ts';

/** The row operations that load `resolved` into a database that holds `current`. A dry run stops here. */
export function plan(resolved: Resolved, current: Current, mode: LoadMode): Plan {
  const notPermitted = mode === 'append' ? deletionRefusal(resolved) : null;
  if (notPermitted !== null) return refused(resolved, [notPermitted]);
  const load = prepare(resolved, current, mode);
  const missing = missingReferences(resolved, {
    hasRole: (id) => load.wanted.roles.has(id) || load.live.roles.has(id),
    hasResource: (id) => load.wanted.resources.has(id) || load.live.resources.has(id),
  });
  const itself = load.gone.resources.has(resolved.policyId) ? [selfDeletion(resolved.policyId)] : [];
  if (missing.length + itself.length > 0) return refused(resolved, [...itself, ...missing]);

  const insertedRoles = absent(load.wanted.roles, load.live.roles);
  const changes: Change[] = [
    ...insertedRoles.filter(({ roleId }) => !load.existing.roles.has(roleId)).map(insertRole),
    ...ownerChanges(load),
    ...removals(load),
    ...insertedRoles.filter(({ roleId }) => load.existing.roles.has(roleId)).map(insertRole),
    ...insertions(load),
    ...(mode === 'append' ? [] : updates(load)),
    ...restrictionChanges(
      resolved,
      current,
      mode,
      (id) => load.live.roles.get(id)?.policyId === resolved.policyId,
    ),
  ];
  const deleted = explicitDeletions(resolved, load.wanted, load.live, groundAfter(load));
  if (deleted.gone.resources.has(resolved.policyId))
    return refused(resolved, [selfDeletion(resolved.policyId)]);
  const stays = (id: FullId): boolean => !deleted.gone.resources.has(id);
  return {
    changes: [...changes, ...deleted.changes],
    createdRoles: createdRoles(resolved, insertedRoles, deleted.gone),
    publicKeys: resolved.records
      .flatMap((record) => record.publicKeys)
      .filter(({ resourceId }) => {
        const row = load.live.resources.get(resourceId);
        return (row === undefined || row.policyId === resolved.policyId) && stays(resourceId);
      }),
    refusals: [],
    warnings: resolved.warnings,
  };
}

function insertRole(row: RoleRow): Change {
  return { op: 'insert', table: 'roles', ...row };
}

function createdRoles(resolved: Resolved, inserted: readonly RoleRow[], deleted: Gone): CreatedRole[] {
  const restrictions = new Map(resolved.records.map(({ id, restrictedTo }) => [id, restrictedTo]));
  return inserted
    .filter(({ roleId }) => ['user', 'host'].includes(kindOf(roleId)) && !deleted.roles.has(roleId))
    .map(({ roleId }) => ({ roleId, restrictedTo: restrictions.get(roleId) ?? [] }));
}

function refused(resolved: Resolved, refusals: readonly Refusal[]): Plan {
  return { changes: [], createdRoles: [], publicKeys: [], refusals, warnings: resolved.warnings };
}
