/**
 * The values that travel through a policy load:
 *
 *     readPolicy(text) -> resolve(statements) -> needed(resolved) -> [SQL reads] -> doomed(...) -> [SQL reads dependents]
 *     -> plan(resolved, current, mode) -> [SQL applies plan.changes in order]
 *
 * A dry run is the same without the last step.
 */
import type { FullId } from '../ids.ts';

/** A place in the policy text, both numbers from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Why a text is not a policy. `message` is the detail alone; `describeFault` puts the place in front of it. */
export interface PolicyFault extends Position {
  readonly message: string;
}

/** `append` = POST, `modify` = PATCH, `replace` = PUT. */
export type LoadMode = 'append' | 'modify' | 'replace';

// ---------------------------------------------------------------------------------------------- as written (read.ts)

/** The tags that name a record, dashes turned into underscores. `role` and `resource` take their kind from a field. */
export type RecordTag =
  | 'user'
  | 'group'
  | 'layer'
  | 'host'
  | 'host_factory'
  | 'variable'
  | 'webservice'
  | 'policy'
  | 'role'
  | 'resource'
  | 'automatic_role';

/**
 * A record as written: a statement that creates it, or a reference to it. One YAML node gives one object, also where an
 * alias repeats it: `resolve` relies on that identity, because an id takes its namespace where it is met first.
 */
export interface PolicyRecord {
  readonly type: 'record';
  readonly tag: RecordTag;
  readonly at: Position;
  /** Of `role` and `resource`; of a variable it is the annotation `conjur/kind`. */
  readonly kind: string | null;
  readonly id: string | null;
  readonly account: string | null;
  readonly owner: PolicyRecord | null;
  /** In the order written. Values are text already. */
  readonly annotations: readonly Annotation[];
  readonly uidnumber: number | null;
  readonly gidnumber: number | null;
  readonly mimeType: string | null;
  readonly publicKeys: readonly string[];
  readonly restrictedTo: readonly string[];
  readonly layers: readonly PolicyRecord[] | null;
  readonly body: readonly Statement[];
  /** Of `automatic_role`. */
  readonly record: PolicyRecord | null;
  readonly roleName: string | null;
}

export interface Annotation {
  readonly name: string;
  readonly value: string;
}

export interface Grant {
  readonly type: 'grant';
  readonly at: Position;
  readonly roles: readonly PolicyRecord[];
  readonly members: readonly GrantMember[];
}

export interface GrantMember {
  readonly role: PolicyRecord;
  readonly admin: boolean;
}

export interface Revoke {
  readonly type: 'revoke';
  readonly at: Position;
  readonly roles: readonly PolicyRecord[];
  readonly members: readonly PolicyRecord[];
}

export interface PermitOrDeny {
  readonly type: 'permit' | 'deny';
  readonly at: Position;
  readonly roles: readonly PolicyRecord[];
  readonly privileges: readonly string[];
  readonly resources: readonly PolicyRecord[];
}

export interface Delete {
  readonly type: 'delete';
  readonly at: Position;
  readonly records: readonly PolicyRecord[];
}

export type Statement = PolicyRecord | Grant | Revoke | PermitOrDeny | Delete;

// --------------------------------------------------------------------------------------- with full ids (resolve.ts)

/** A record to create. */
export interface ResolvedRecord {
  readonly id: FullId;
  readonly at: Position;
  readonly isRole: boolean;
  readonly isResource: boolean;
  readonly ownerId: FullId;
  /** With conjur/uidnumber, conjur/kind ... folded in; no name twice. */
  readonly annotations: readonly Annotation[];
  /** CIDR texts with their mask; null: this kind of record has none. */
  readonly restrictedTo: readonly string[] | null;
  readonly publicKeys: readonly PublicKeySecret[];
  /** The layers of a host factory. */
  readonly layerIds: readonly FullId[];
}

/** A public key of a user: the value of the resource `account:public_key:user/<login>/<name>`. */
export interface PublicKeySecret {
  readonly resourceId: FullId;
  readonly value: string;
}

export interface ResolvedGrant extends Position {
  readonly roleId: FullId;
  readonly memberId: FullId;
  readonly admin: boolean;
}

export interface ResolvedPermit extends Position {
  readonly roleId: FullId;
  readonly privilege: string;
  readonly resourceId: FullId;
}

export type ResolvedDeletion =
  | { readonly type: 'delete'; readonly id: FullId; readonly at: Position }
  | { readonly type: 'revoke'; readonly roleId: FullId; readonly memberId: FullId; readonly at: Position }
  | {
      readonly type: 'deny';
      readonly roleId: FullId;
      readonly privilege: string;
      readonly resourceId: FullId;
      readonly at: Position;
    };

/** A policy text with all its ids full. */
export interface Resolved {
  readonly account: string;
  /** The policy that is loaded: the `policy_id` of every row it makes. */
  readonly policyId: FullId;
  /** In the order of creation: owners before what they own. */
  readonly records: readonly ResolvedRecord[];
  readonly grants: readonly ResolvedGrant[];
  readonly permits: readonly ResolvedPermit[];
  readonly deletions: readonly ResolvedDeletion[];
  /** Sentences for the answer's `warnings`. */
  readonly warnings: readonly string[];
}

// --------------------------------------------------------------------------------------------------- rows (plan.ts)

export interface RoleRow {
  readonly roleId: FullId;
  readonly policyId: FullId | null;
}

export interface ResourceRow {
  readonly resourceId: FullId;
  readonly ownerId: FullId;
  readonly policyId: FullId | null;
}

/** Key: role, member, ownership. */
export interface MembershipKey {
  readonly roleId: FullId;
  readonly memberId: FullId;
  readonly ownership: boolean;
}

export interface MembershipRow extends MembershipKey {
  readonly adminOption: boolean;
  readonly policyId: FullId | null;
}

/** Key: resource, role, privilege. */
export interface PermissionKey {
  readonly resourceId: FullId;
  readonly roleId: FullId;
  readonly privilege: string;
}

export interface PermissionRow extends PermissionKey {
  readonly policyId: FullId | null;
}

/** Key: resource, name. */
export interface AnnotationKey {
  readonly resourceId: FullId;
  readonly name: string;
}

export interface AnnotationRow extends AnnotationKey {
  readonly value: string;
  readonly policyId: FullId | null;
}

export interface CredentialsRow {
  readonly roleId: FullId;
  /** CIDR texts with their mask (`10.0.0.1/32`), as `cidr::text` prints them. */
  readonly restrictedTo: readonly string[];
}

/**
 * A role, a resource or both under one id, of any policy, that goes when something else goes: it is reached from a doomed
 * id along `resources.owner_id` or the `policy_id` of roles and resources, in any number of steps.
 */
export interface DependentRow {
  readonly id: FullId;
  /** Null when there is no resource of this id. */
  readonly ownerId: FullId | null;
  /** Of the role and of the resource; null too when there is no such row. */
  readonly rolePolicyId: FullId | null;
  readonly resourcePolicyId: FullId | null;
}

/** What must be read from the database for `plan`, beside all rows whose `policy_id` is the loaded policy. */
export interface Needed {
  /** Role rows and resource rows, whichever exist under these ids. */
  readonly ids: readonly FullId[];
  readonly memberships: readonly MembershipKey[];
  readonly permissions: readonly PermissionKey[];
  readonly annotations: readonly AnnotationKey[];
  /** Credentials rows by role. */
  readonly credentials: readonly FullId[];
}

/**
 * The rows that matter: all rows whose `policy_id` is the loaded policy, and whatever exists of `needed`. Rows may come
 * twice (a row of this policy that `needed` names too). `dependents` may stay empty while `doomed` answers nothing.
 */
export interface Current {
  readonly roles: readonly RoleRow[];
  readonly resources: readonly ResourceRow[];
  readonly memberships: readonly MembershipRow[];
  readonly permissions: readonly PermissionRow[];
  readonly annotations: readonly AnnotationRow[];
  readonly credentials: readonly CredentialsRow[];
  readonly dependents: readonly DependentRow[];
}

/**
 * One row operation. The list is ordered so that foreign keys hold at every step; neighbours with the same `table` and
 * `op` do not depend on each other and may become one statement.
 *
 * - The membership that an owner has in what it owns (`ownership: true`) is listed like any other row. Where a trigger
 *   makes or removes it too, insert with `on conflict do nothing`, and take a delete of a missing row as done.
 * - A delete from `roles` or `resources` takes along, by cascading foreign keys, the memberships, permissions,
 *   annotations, credentials, secrets and rows of a deleted policy: those are not listed. Roles and resources that go
 *   along are listed.
 */
export type Change =
  | ({ readonly op: 'insert'; readonly table: 'roles' } & RoleRow)
  | { readonly op: 'delete'; readonly table: 'roles'; readonly roleId: FullId }
  | ({ readonly op: 'insert'; readonly table: 'resources' } & ResourceRow)
  | {
      readonly op: 'update';
      readonly table: 'resources';
      readonly resourceId: FullId;
      readonly ownerId: FullId;
    }
  | { readonly op: 'delete'; readonly table: 'resources'; readonly resourceId: FullId }
  | ({ readonly op: 'insert'; readonly table: 'role_memberships' } & MembershipRow)
  | ({
      readonly op: 'update';
      readonly table: 'role_memberships';
      readonly adminOption: boolean;
    } & MembershipKey)
  | ({ readonly op: 'delete'; readonly table: 'role_memberships' } & MembershipKey)
  | ({ readonly op: 'insert'; readonly table: 'permissions' } & PermissionRow)
  | ({ readonly op: 'delete'; readonly table: 'permissions' } & PermissionKey)
  | ({ readonly op: 'insert'; readonly table: 'annotations' } & AnnotationRow)
  | ({ readonly op: 'update'; readonly table: 'annotations'; readonly value: string } & AnnotationKey)
  | ({ readonly op: 'delete'; readonly table: 'annotations' } & AnnotationKey)
  | ({ readonly op: 'update'; readonly table: 'credentials' } & CredentialsRow);

/** A new user or host: it gets a credentials row and an API key, and stands in the answer's `created_roles`. */
export interface CreatedRole {
  readonly roleId: FullId;
  readonly restrictedTo: readonly string[];
}

/** Why a load is refused, always 422. `code` is the wire's error code, `message` its text. */
export interface Refusal {
  readonly code: 'policy_invalid' | 'validation_failed';
  readonly message: string;
  readonly at: Position | null;
}

export interface Plan {
  /** Empty when anything is refused. */
  readonly changes: readonly Change[];
  readonly createdRoles: readonly CreatedRole[];
  /** Written after the changes, as a new secret version wherever the latest version is not the same text already. */
  readonly publicKeys: readonly PublicKeySecret[];
  readonly refusals: readonly Refusal[];
  readonly warnings: readonly string[];
}
