import { type FullId, kindOf } from '../ids.ts';
import type { Change, MembershipRow } from '../policy/types.ts';
import type { Branch, BranchUpdate } from './branch.ts';

/**
 * The rows behind branches and members of groups: such as a policy load would make them, of the policy they lie in, so
 * that a later load of that policy finds them its own.
 */

/** The rows of a new branch. */
export function creationOf(
  branch: Omit<Branch, 'annotations'>,
  notes: BranchUpdate['annotations'],
): Change[] {
  const { id, ownerId, policyId } = branch;
  return [
    { op: 'insert', table: 'roles', roleId: id, policyId },
    { op: 'insert', table: 'resources', resourceId: id, ownerId, policyId },
    { op: 'insert', table: 'role_memberships', ...ownership(branch) },
    ...notes.map(
      ([name, value]): Change => ({
        op: 'insert',
        table: 'annotations',
        resourceId: id,
        name,
        value,
        policyId,
      }),
    ),
  ];
}

/** What changes in a branch. @param ownerId the new owner, or the old one */
export function updateOf(branch: Branch, ownerId: FullId, notes: BranchUpdate['annotations']): Change[] {
  const { id: resourceId, policyId } = branch;
  const changed = notes.filter(
    ([name, value]) => Object.hasOwn(branch.annotations, name) && branch.annotations[name] !== value,
  );
  const added = notes.filter(([name]) => !Object.hasOwn(branch.annotations, name));
  const handOver: Change[] =
    ownerId === branch.ownerId
      ? []
      : [
          { op: 'update', table: 'resources', resourceId, ownerId },
          {
            op: 'delete',
            table: 'role_memberships',
            roleId: resourceId,
            memberId: branch.ownerId,
            ownership: true,
          },
          { op: 'insert', table: 'role_memberships', ...ownership({ ...branch, ownerId }) },
        ];
  return [
    ...handOver,
    ...added.map(
      ([name, value]): Change => ({ op: 'insert', table: 'annotations', resourceId, name, value, policyId }),
    ),
    ...changed.map(
      ([name, value]): Change => ({ op: 'update', table: 'annotations', resourceId, name, value }),
    ),
  ];
}

/** Takes away a branch: `ids` are its own and everything below it. Foreign keys take along what depends on them. */
export function removalOf(ids: readonly FullId[]): Change[] {
  return [
    ...ids.map((resourceId): Change => ({ op: 'delete', table: 'resources', resourceId })),
    ...ids.filter(canBeRole).map((roleId): Change => ({ op: 'delete', table: 'roles', roleId })),
  ];
}

/** The row of a member that a group gets. @param policyId of the group: the grant is as if written there */
export function membershipRow(roleId: FullId, memberId: FullId, policyId: FullId | null): MembershipRow {
  return { roleId, memberId, adminOption: false, ownership: false, policyId };
}

function ownership({ id, ownerId, policyId }: Omit<Branch, 'annotations'>): MembershipRow {
  return { roleId: id, memberId: ownerId, adminOption: true, ownership: true, policyId };
}

/** Whether there may be a role of this id: all but a few kinds of resource are roles too. */
function canBeRole(id: FullId): boolean {
  return !['variable', 'webservice', 'public_key'].includes(kindOf(id));
}
