/**
 * Names of roles and resources. A full id is `account:kind:identifier`, split on its first two colons only: an
 * identifier may hold colons and slashes.
 */
declare const brand: unique symbol;

/** A full id of a role, a resource, or both: many things (users, hosts, groups, policies ...) are both under one id. */
export type FullId = string & { readonly [brand]: 'FullId' };

/** Kinds of role that the HTTP routes know. */
export const roleKinds = ['user', 'host', 'layer', 'group', 'policy', 'host_factory'] as const;
export type RoleKind = (typeof roleKinds)[number];

/** Kinds of resource that the HTTP routes know. */
export const resourceKinds = [
  'variable',
  'public_key',
  'user',
  'host',
  'layer',
  'group',
  'policy',
  'webservice',
  'host_factory',
  'configuration',
] as const;
export type ResourceKind = (typeof resourceKinds)[number];

/** The three parts of a full id. The kind is free text here: policies may make roles and resources of their own kinds. */
export interface IdParts {
  readonly account: string;
  readonly kind: string;
  readonly identifier: string;
}

/** Whether `kind` may stand in `/roles/{account}/{kind}/{id}`. */
export function isRoleKind(kind: string): kind is RoleKind {
  return (roleKinds as readonly string[]).includes(kind);
}

/** Whether `kind` may stand in `/resources/{account}/{kind}/{id}`. */
export function isResourceKind(kind: string): kind is ResourceKind {
  return (resourceKinds as readonly string[]).includes(kind);
}

/** The full id with these parts. Account and kind must be free of colons: it does not check. */
export function fullId(account: string, kind: string, identifier: string): FullId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where text becomes an id
  return `${account}:${kind}:${identifier}` as FullId;
}

/** `text` as a full id, or null when it lacks one of its two colons or one of its parts is empty. */
export function parseFullId(text: string): FullId | null {
  return isFullId(text) ? text : null;
}

/** Whether `text` has an account, a kind and an identifier. */
export function isFullId(text: string): text is FullId {
  const first = text.indexOf(':');
  const second = text.indexOf(':', first + 1);
  return first > 0 && second > first + 1 && second < text.length - 1;
}

/** The parts of a full id. */
export function splitFullId(id: FullId): IdParts {
  const first = id.indexOf(':');
  const second = id.indexOf(':', first + 1);
  return { account: id.slice(0, first), kind: id.slice(first + 1, second), identifier: id.slice(second + 1) };
}

/** What stands before the first colon. */
export function accountOf(id: FullId): string {
  return id.slice(0, id.indexOf(':'));
}

/** What stands between the first two colons. */
export function kindOf(id: FullId): string {
  return splitFullId(id).kind;
}

/** What stands after the second colon. */
export function identifierOf(id: FullId): string {
  return splitFullId(id).identifier;
}

/** The role behind a login: `alice` is the user alice, `host/app/web` the host app/web (the first `/` ends the kind). */
export function roleIdOfLogin(account: string, login: string): FullId {
  const slash = login.indexOf('/');
  if (slash === -1) return fullId(account, 'user', login);
  return fullId(account, login.slice(0, slash), login.slice(slash + 1));
}

/**
 * The login of a role: the identifier of a user, `kind/identifier` of anything else (and of a user whose identifier has a
 * slash, since what stands before it would be taken for a kind).
 */
export function loginOf(roleId: FullId): string {
  const { kind, identifier } = splitFullId(roleId);
  return kind === 'user' && !identifier.includes('/') ? identifier : `${kind}/${identifier}`;
}
