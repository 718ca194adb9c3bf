import { accountOf, type FullId, fullId, kindOf } from '../ids.ts';
import type { Place } from './effective-places.ts';
import type { Fields, FieldValue, Tagged } from './effective-rows.ts';
import { type EffectiveView, isLogin, roleReference, tagOf } from './effective-view.ts';
import type { ResourceRow } from './types.ts';

/** A statement and where it stands. */
export interface Placed {
  readonly policy: string;
  readonly statement: Tagged;
  /** Of a policy: its path, whose statements are its body. */
  readonly opens?: string;
}

/** The statements that make a resource, and the role of the same id. Empty: it lies outside, or too deep. */
export function recordsOf(row: ResourceRow, view: EffectiveView): Placed[] {
  const { resourceId: id } = row;
  const kind = kindOf(id);
  const known = tagOf(kind);
  const isRole = view.isRole(id);
  const asOne = known !== null && known.isRole && isRole && (kind !== 'user' || isLogin(id));
  const place = view.places.placeOf(id, kind === 'user');
  const placed: Placed[] = [];
  if (place !== null && isNear(id, place, view)) {
    const tag = asOne || known?.isRole === false ? (known?.tag ?? kind) : 'resource';
    const statement = { tag, value: fieldsOf(row, place, tag, view) };
    const opens = place.policy === '' ? place.id : `${place.policy}/${place.id}`;
    placed.push(
      asOne && kind === 'policy'
        ? { policy: place.policy, statement, opens }
        : { policy: place.policy, statement },
    );
  }
  return isRole && !asOne ? [...placed, ...bareRole(id, view)] : placed;
}

/** The statement that makes a role without a resource. */
export function bareRole(id: FullId, view: EffectiveView): Placed[] {
  const place = view.places.placeOf(id, false);
  if (place === null || !isNear(id, place, view)) return [];
  const fields = new Map<string, FieldValue>([
    ['kind', kindOf(id)],
    ['id', place.id],
  ]);
  return [{ policy: place.policy, statement: { tag: 'role', value: fields } }];
}

/** As Conjur has it, users show one level further down. */
function isNear(id: FullId, place: Place, { places, target }: EffectiveView): boolean {
  return places.depthOf(place) <= target.depth + (kindOf(id) === 'user' ? 1 : 0);
}

function fieldsOf(
  { resourceId: id, ownerId }: ResourceRow,
  place: Place,
  tag: string,
  view: EffectiveView,
): Fields {
  const fields = new Map<string, FieldValue>();
  if (tag === 'resource') fields.set('kind', kindOf(id));
  fields.set('id', place.id);
  if (ownerId !== defaultOwner(place, view)) fields.set('owner', roleReference(ownerId, view));
  if (tag === 'host-factory') fields.set('layers', layersOf(id, place, view));
  const restrictedTo = tag === 'user' || tag === 'host' ? view.restrictionsOf(id) : [];
  if (restrictedTo.length > 0) fields.set('restricted_to', restrictedTo);
  const keys = tag === 'user' ? view.keysOf(id).map(({ value }) => value) : [];
  if (keys.length > 0) fields.set('public_keys', keys);
  const names = new Map<string, string>();
  for (const { name, value } of view.annotationsOf(id)) {
    if (value.split('/').includes('..')) continue; // it would be resolved
    if (tag === 'variable' && name === 'conjur/kind') fields.set('kind', value);
    else if (tag === 'variable' && name === 'conjur/mime_type') fields.set('mime_type', value);
    else names.set(name, value);
  }
  if (names.size > 0) fields.set('annotations', { names });
  return fields;
}

function defaultOwner(place: Place, { target }: EffectiveView): FullId {
  if (place.policy === '') return target.rootOwnerId;
  return fullId(accountOf(target.policyId), 'policy', place.policy);
}

/** The layers that a factory can name where it stands; its other memberships are grants. */
function layersOf(id: FullId, place: Place, view: EffectiveView): Tagged[] {
  return view
    .membershipsOf(id)
    .filter((row) => isLayerOf(row, place, view))
    .map(({ roleId }) => ({ tag: 'layer', value: layerName(roleId, place, view) ?? '' }));
}

/** Whether a membership of a factory is what its field `layers` says. */
export function isLayerOf(
  { roleId, adminOption }: { readonly roleId: FullId; readonly adminOption: boolean },
  factory: Place,
  view: EffectiveView,
): boolean {
  return kindOf(roleId) === 'layer' && !adminOption && layerName(roleId, factory, view) !== null;
}

function layerName(roleId: FullId, factory: Place, view: EffectiveView): string | null {
  const layer = view.places.placeOf(roleId, false);
  if (layer === null) return null;
  const path = layer.policy === '' ? layer.id : `${layer.policy}/${layer.id}`;
  if (factory.policy === '') return path;
  const name = path.slice(factory.policy.length + 1);
  const isBelow = path.startsWith(`${factory.policy}/`) && name.trim() !== '' && !name.startsWith('/');
  return isBelow ? name : null;
}
