import type { FullId } from '../ids.ts';
import type { AnnotationRow, CredentialsRow, MembershipRow, PermissionRow, ResourceRow } from './types.ts';

/** What is fetched: a policy with all that lies in it. */
export interface EffectiveTarget {
  readonly policyId: FullId;
  /** Who owns the root policy: the owner of what is loaded into it without naming one. */
  readonly rootOwnerId: FullId;
  /** Levels below the policy, told by the slashes of ids. */
  readonly depth: number;
}

/** The rows of a policy in force, as far as the caller can see them. */
export interface EffectiveRows {
  /** Resources that may lie in the policy; which do is for the ids to say. */
  readonly resources: readonly ResourceRow[];
  /** Those of `resources` that are roles too, and roles without a resource. */
  readonly roleIds: readonly FullId[];
  /** Grants whose role is among `roleIds`, without ownerships. */
  readonly memberships: readonly MembershipRow[];
  /** Permissions on `resources`, and on the policy itself. */
  readonly permissions: readonly PermissionRow[];
  readonly annotations: readonly AnnotationRow[];
  readonly credentials: readonly CredentialsRow[];
  /** Newest values of resources of kind public_key. */
  readonly publicKeys: readonly { readonly resourceId: FullId; readonly value: string }[];
  /** The identifiers of all policies of the account, seen or not: users are named after theirs. */
  readonly policies: readonly string[];
}

/** A record, or a reference to one, as a statement shows it: a tag with one word, or with fields. */
export interface Tagged {
  readonly tag: string;
  readonly value: string | Fields;
}

/** Fields in the order in which they are written. */
export type Fields = ReadonlyMap<string, FieldValue>;

export type FieldValue =
  | string
  | boolean
  | Tagged
  | readonly string[]
  | readonly Tagged[]
  | { readonly names: ReadonlyMap<string, string> };
