import { accountOf, type FullId, fullId, identifierOf, isRoleKind, kindOf } from '../ids.ts';
import { type Place, type Places, placesOf } from './effective-places.ts';
import type { EffectiveRows, EffectiveTarget, FieldValue, Tagged } from './effective-rows.ts';
import type { AnnotationRow, MembershipRow } from './types.ts';

/** The rows of a policy in force, found by what statements ask for. */
export interface EffectiveView {
  readonly target: EffectiveTarget;
  readonly places: Places;
  readonly isRole: (id: FullId) => boolean;
  readonly annotationsOf: (id: FullId) => readonly AnnotationRow[];
  readonly restrictionsOf: (id: FullId) => readonly string[];
  readonly membershipsOf: (memberId: FullId) => readonly MembershipRow[];
  /** The keys of a user that its field `public_keys` can say. */
  readonly keysOf: (userId: FullId) => readonly { readonly resourceId: FullId; readonly value: string }[];
}

export function viewOf(target: EffectiveTarget, rows: EffectiveRows): EffectiveView {
  const roles = new Set(rows.roleIds);
  const annotations = Map.groupBy(rows.annotations, ({ resourceId }) => resourceId);
  const restrictions = new Map(rows.credentials.map((row) => [row.roleId, row.restrictedTo]));
  const memberships = Map.groupBy(rows.memberships, ({ memberId }) => memberId);
  const owners = new Map(rows.resources.map(({ resourceId, ownerId }) => [resourceId, ownerId]));
  const keys = Map.groupBy(
    rows.publicKeys.filter(({ resourceId, value }) => {
      const user = userOfKey(resourceId, value);
      return user !== null && roles.has(user) && owners.get(user) === owners.get(resourceId);
    }),
    ({ resourceId, value }) => userOfKey(resourceId, value) ?? resourceId,
  );
  return {
    target,
    places: placesOf(target, rows),
    isRole: (id) => roles.has(id),
    annotationsOf: (id) => annotations.get(id) ?? [],
    restrictionsOf: (id) => restrictions.get(id) ?? [],
    membershipsOf: (id) => memberships.get(id) ?? [],
    keysOf: (id) => keys.get(id) ?? [],
  };
}

/** The user whose key a resource `user/<login>/<name>` is, where its line says the same name. */
function userOfKey(resourceId: FullId, line: string): FullId | null {
  const [, , name = ''] = line.split(/\s+/);
  const identifier = identifierOf(resourceId);
  const end = identifier.length - name.length - 1;
  if (name === '' || !identifier.startsWith('user/') || identifier.slice(end) !== `/${name}`) return null;
  return fullId(accountOf(resourceId), 'user', identifier.slice('user/'.length, end));
}

const tags: Readonly<Record<string, string>> = { host_factory: 'host-factory' };
const plainResources: ReadonlySet<string> = new Set(['variable', 'webservice']);

/** The tag of a kind, where there is one: it makes a role and a resource, or a resource alone. */
export function tagOf(kind: string): { readonly tag: string; readonly isRole: boolean } | null {
  if (isRoleKind(kind)) return { tag: tags[kind] ?? kind, isRole: true };
  return plainResources.has(kind) ? { tag: kind, isRole: false } : null;
}

/** Whether the id of a role follows the rule of logins: that of a user whose id has a slash was made by `!role`. */
export function isLogin(id: FullId): boolean {
  return kindOf(id) === 'user' && !identifierOf(id).includes('/');
}

/** A role, wherever the reference stands. */
export function roleReference(id: FullId, view: EffectiveView): Tagged {
  return tagged(id, view.places.referenceTo(id), 'role', view);
}

/** A role as the subject of a statement in the policy where it stands; null when it stands in none. */
export function roleSubject(id: FullId, view: EffectiveView): (Place & { readonly subject: Tagged }) | null {
  const place = view.places.placeOf(id, isLogin(id));
  return place === null ? null : { ...place, subject: tagged(id, place.id, 'role', view) };
}

/** The same of a resource. */
export function resourceSubject(
  id: FullId,
  view: EffectiveView,
): (Place & { readonly subject: Tagged }) | null {
  const place = view.places.placeOf(id, kindOf(id) === 'user');
  return place === null ? null : { ...place, subject: tagged(id, place.id, 'resource', view) };
}

function tagged(id: FullId, name: string, as: 'role' | 'resource', view: EffectiveView): Tagged {
  const kind = kindOf(id);
  const known = tagOf(kind);
  const fits = known !== null && (as === 'resource' || (known.isRole && (kind !== 'user' || isLogin(id))));
  const account = accountOf(id);
  const elsewhere: readonly (readonly [string, FieldValue])[] =
    account === accountOf(view.target.policyId) ? [] : [['account', account]];
  if (!fits)
    return { tag: as, value: new Map<string, FieldValue>([['kind', kind], ['id', name], ...elsewhere]) };
  if (elsewhere.length === 0) return { tag: known.tag, value: name };
  return { tag: known.tag, value: new Map<string, FieldValue>([['id', name], ...elsewhere]) };
}
