import { type FullId, kindOf } from '../ids.ts';
import { bareRole, isLayerOf, type Placed, recordsOf } from './effective-records.ts';
import type { EffectiveRows, EffectiveTarget, FieldValue, Tagged } from './effective-rows.ts';
import { type EffectiveView, resourceSubject, roleReference, roleSubject, viewOf } from './effective-view.ts';
import type { MembershipRow, PermissionRow } from './types.ts';

/** The order of statements in a body: Conjur's, with what Conjur cannot write down before the grants. */
const order: readonly string[] = [
  ...['user', 'policy', 'variable', 'webservice', 'host', 'layer', 'host-factory', 'group'],
  ...['role', 'resource', 'grant', 'permit'],
];

/**
 * The statements that say what a policy is in force: those of its body for the root policy, one `!policy` for any other.
 * Loaded again where it came from (root into root, another into the policy around it), the text changes nothing.
 *
 * Some things no text can say: annotations whose value climbs (`a/../b` is resolved when it is loaded), ids with `..` in
 * them, and owners that own each other in a circle, or a policy that owns itself, which loads refuse.
 */
export function effectivePolicy(target: EffectiveTarget, rows: EffectiveRows): readonly Tagged[] {
  const view = viewOf(target, rows);
  const inField = new Set(
    rows.publicKeys.length === 0
      ? []
      : rows.resources.flatMap(({ resourceId }) => view.keysOf(resourceId).map((key) => key.resourceId)),
  );
  const resourceIds = new Set(rows.resources.map(({ resourceId }) => resourceId));
  const placed: Placed[] = [
    ...rows.resources
      .filter(
        ({ resourceId: id }) => !inField.has(id) && !(id === target.policyId && view.places.inside === ''),
      )
      .flatMap((row) => recordsOf(row, view)),
    ...rows.roleIds.filter((id) => !resourceIds.has(id)).flatMap((id) => bareRole(id, view)),
  ];
  const shown = (id: FullId): boolean => id !== target.policyId || view.places.inside === '';
  const grants = rows.memberships.filter(({ roleId }) => shown(roleId));
  const permits = rows.permissions.filter(({ resourceId }) => shown(resourceId));
  return bodyOf(
    view.places.outside,
    Map.groupBy([...placed, ...grantsOf(grants, view), ...permitsOf(permits, view)], ({ policy }) => policy),
  );
}

/** The statements of a policy, with those of the policies in it. */
function bodyOf(policy: string, placed: ReadonlyMap<string, readonly Placed[]>): Tagged[] {
  const statements = (placed.get(policy) ?? []).map(({ statement, opens }) => {
    if (opens === undefined || typeof statement.value === 'string') return statement;
    const body = bodyOf(opens, placed);
    return { tag: statement.tag, value: new Map<string, FieldValue>([...statement.value, ['body', body]]) };
  });
  return statements.toSorted((a, b) => order.indexOf(a.tag) - order.indexOf(b.tag));
}

/** One grant for each role, with all its members. */
function grantsOf(rows: readonly MembershipRow[], view: EffectiveView): Placed[] {
  return [...Map.groupBy(rows, ({ roleId }) => roleId)].flatMap(([roleId, memberships]): Placed[] => {
    const role = roleSubject(roleId, view);
    const granted = memberships.filter((row) => !isInLayers(row, view));
    if (role === null || granted.length === 0 || view.places.depthOf(role) > depthOfRole(roleId, view))
      return [];
    const members = granted.map(({ memberId, adminOption }): Tagged => {
      const member = roleReference(memberId, view);
      if (!adminOption) return member;
      return {
        tag: 'member',
        value: new Map<string, FieldValue>([
          ['role', member],
          ['admin', true],
        ]),
      };
    });
    const value = new Map<string, FieldValue>([
      ['role', role.subject],
      ['members', members],
    ]);
    return [{ policy: role.policy, statement: { tag: 'grant', value } }];
  });
}

function depthOfRole(roleId: FullId, { target }: EffectiveView): number {
  return target.depth + (kindOf(roleId) === 'user' ? 1 : 0);
}

function isInLayers(row: MembershipRow, view: EffectiveView): boolean {
  if (kindOf(row.memberId) !== 'host_factory' || !view.isRole(row.memberId)) return false;
  const factory = view.places.placeOf(row.memberId, false);
  return factory !== null && isLayerOf(row, factory, view);
}

/** One permission statement for each resource and role, with all privileges. */
function permitsOf(rows: readonly PermissionRow[], view: EffectiveView): Placed[] {
  const pairs = Map.groupBy(rows, ({ resourceId, roleId }) => `${resourceId}\0${roleId}`);
  return [...pairs.values()].flatMap((permissions): Placed[] => {
    const [first] = permissions;
    if (first === undefined) return [];
    const { resourceId, roleId } = first;
    const resource = resourceSubject(resourceId, view);
    if (resource === null || view.places.depthOf(resource) > depthOfRole(resourceId, view)) return [];
    const nextToIt = roleSubject(roleId, view);
    const value = new Map<string, FieldValue>([
      ['role', nextToIt?.policy === resource.policy ? nextToIt.subject : roleReference(roleId, view)],
      ['privileges', permissions.map(({ privilege }) => privilege).sort()],
      ['resource', resource.subject],
    ]);
    return [{ policy: resource.policy, statement: { tag: 'permit', value } }];
  });
}
