import { type FullId, splitFullId } from '../ids.ts';
import type { Position, Refusal, Resolved } from './types.ts';

/** The refusal of a text with `!delete`, `!deny` or `!revoke` that may only add, or nothing. */
export function deletionRefusal(resolved: Resolved): Refusal | null {
  const [first] = resolved.deletions;
  if (first === undefined) return null;
  return {
    code: 'validation_failed',
    message: 'policy_text may not contain deletion statements',
    at: first.at,
  };
}

/** Whether a role or a resource will be there once the text's own records are. */
export interface Presence {
  readonly hasRole: (id: FullId) => boolean;
  readonly hasResource: (id: FullId) => boolean;
}

/** A refusal for each missing role or resource that the text refers to, in the order of the text's rows, each id once. */
export function missingReferences(resolved: Resolved, presence: Presence): Refusal[] {
  const missing = new Map<FullId, Refusal>();
  const miss = (id: FullId, at: Position): void => {
    if (!missing.has(id)) missing.set(id, { code: 'policy_invalid', message: notFound(id), at: placeOf(at) });
  };
  const role = (id: FullId, at: Position): void => {
    if (!presence.hasRole(id)) miss(id, at);
  };
  for (const { at, isResource, ownerId, layerIds } of resolved.records) {
    if (isResource) role(ownerId, at);
    for (const layerId of layerIds) role(layerId, at);
  }
  for (const grant of resolved.grants) {
    role(grant.roleId, grant);
    role(grant.memberId, grant);
  }
  for (const permit of resolved.permits) {
    if (!presence.hasResource(permit.resourceId)) miss(permit.resourceId, permit);
    role(permit.roleId, permit);
  }
  return [...missing.values()];
}

/** The refusal of a load that would take away the very policy that is loaded. */
export function selfDeletion(policyId: FullId): Refusal {
  const { identifier } = splitFullId(policyId);
  const message = `Policy '${identifier}' cannot be loaded with a text that deletes it, or its owner, through what it removes`;
  return { code: 'policy_invalid', message, at: null };
}

/** `User 'bob' not found in account 'acme'`. */
function notFound(id: FullId): string {
  const { account, kind, identifier } = splitFullId(id);
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} '${identifier}' not found in account '${account}'`;
}

function placeOf({ line, column }: Position): Position {
  return { line, column };
}
