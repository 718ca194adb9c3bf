import { type FullId, identifierOf, kindOf, splitFullId } from '../ids.ts';
import type { EffectiveRows, EffectiveTarget } from './effective-rows.ts';

/** Where a statement about something stands: in the body of a policy ('' is the root), under this id. */
export interface Place {
  readonly policy: string;
  readonly id: string;
}

/** Where things stand, and how statements elsewhere refer to them. */
export interface Places {
  /** Null: it lies outside, or no text can name it. */
  readonly placeOf: (id: FullId, isLogin: boolean) => Place | null;
  /** Absolute, whatever policy the reference stands in. */
  readonly referenceTo: (id: FullId) => string;
  /** The policy that the text is to be loaded into ('' is the root). */
  readonly outside: string;
  /** The policy that is fetched ('' is the root). */
  readonly inside: string;
  readonly depthOf: (place: Place) => number;
}

/** `dev/team` as in the names of its users: `alice@dev-team`. */
const dashed = (policy: string): string => policy.replaceAll('/', '-');
const slashes = (text: string): number => text.split('/').length - 1;

export function placesOf(target: EffectiveTarget, rows: EffectiveRows): Places {
  const identifier = identifierOf(target.policyId);
  const inside = identifier === 'root' ? '' : identifier;
  const all = new Set(rows.policies.filter((policy) => policy !== 'root'));
  const roles = new Set<string>(rows.roleIds);
  const containers = new Set<string>([inside]);
  for (const { resourceId } of rows.resources) {
    const { kind, identifier: policy } = splitFullId(resourceId);
    if (kind === 'policy' && roles.has(resourceId) && isWithin(policy, inside) && policy !== 'root') {
      containers.add(policy);
    }
  }
  const outside = ancestors(inside).find((policy) => policy === '' || all.has(policy)) ?? '';
  const byDashes = Map.groupBy(all, dashed);
  const owners = new Map(rows.resources.map(({ resourceId, ownerId }) => [resourceId, ownerId]));

  const pathPlace = (path: string): Place | null => {
    if (path === inside) return inside === '' ? null : relative(path, outside);
    if (!isWithin(path, inside)) return null;
    const policies = ancestors(path).filter((policy) => containers.has(policy) && isWithin(policy, inside));
    for (const policy of policies) {
      const place = relative(path, policy);
      if (place !== null) return place;
    }
    return null;
  };
  const loginPlace = (id: FullId): Place | null => {
    const policy = policyOfLogin(id, byDashes, owners.get(id));
    if (policy === null)
      return inside === '' && !identifierOf(id).includes('/') ? relative(identifierOf(id), '') : null;
    return pathPlace(`${policy.name}/${policy.rest}`);
  };
  const known = new Map<FullId, Place | null>();
  const placeOf = (id: FullId, isLogin: boolean): Place | null => {
    if (!isLogin) return pathPlace(identifierOf(id));
    const place = known.get(id) ?? loginPlace(id);
    known.set(id, place);
    return place;
  };
  return {
    inside,
    outside,
    placeOf,
    depthOf: ({ policy, id }) => slashes(policy === '' ? id : `${policy}/${id}`) - slashes(inside),
    referenceTo: (id) => {
      const policy = kindOf(id) === 'user' ? policyOfLogin(id, byDashes, owners.get(id)) : null;
      return `/${policy === null ? identifierOf(id) : `${policy.name}/${policy.rest}`}`;
    },
  };
}

/** The policies around a path, the nearest first; the root is ''. */
function ancestors(path: string): string[] {
  const found: string[] = [];
  for (let end = path.lastIndexOf('/'); end !== -1; end = end === 0 ? -1 : path.lastIndexOf('/', end - 1)) {
    found.push(path.slice(0, end));
  }
  return [...found, ''];
}

function isWithin(path: string, policy: string): boolean {
  return policy === '' || path === policy || path.startsWith(`${policy}/`);
}

/** `path` as an id in the body of `policy`; null when it would be read as another there. */
function relative(path: string, policy: string): Place | null {
  const id = policy === '' ? path : path.slice(policy.length + 1);
  if (id.trim() === '' || id.startsWith('/') || path.split('/').includes('..')) return null;
  return { policy, id };
}

/**
 * The policy behind what follows an `@` in a login: one whose name it is, the owner's before others; or else the longest
 * whose name it begins with, so that `x@a-b` is `b/x` in the policy `a`. Null: none.
 */
function policyOfLogin(
  id: FullId,
  byDashes: ReadonlyMap<string, readonly string[]>,
  ownerId: FullId | undefined,
): { readonly name: string; readonly rest: string } | null {
  const login = identifierOf(id);
  if (login.includes('/')) return null;
  const owner = ownerId !== undefined && kindOf(ownerId) === 'policy' ? identifierOf(ownerId) : null;
  for (let at = login.lastIndexOf('@'); at > 0; at = login.lastIndexOf('@', at - 1)) {
    const candidates = byDashes.get(login.slice(at + 1)) ?? [];
    const name = candidates.find((policy) => policy === owner) ?? candidates[0];
    if (name !== undefined) return { name, rest: login.slice(0, at) };
  }
  for (let at = login.lastIndexOf('@'); at > 0; at = login.lastIndexOf('@', at - 1)) {
    const suffix = login.slice(at + 1);
    for (let end = suffix.lastIndexOf('-'); end > 0; end = suffix.lastIndexOf('-', end - 1)) {
      const name = byDashes.get(suffix.slice(0, end))?.[0];
      const rest = suffix.slice(end + 1);
      if (name !== undefined && rest !== '') return { name, rest: `${rest}/${login.slice(0, at)}` };
    }
  }
  return null;
}
