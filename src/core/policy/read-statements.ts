import { type Budget, booleanOf, expected, stringOf, typeNameOf } from './read-fields.ts';
import { type Fields, fieldsOf, listOf, readRecord, readResource, readRole } from './read-records.ts';
import { isRecordTag, tagOf, tagRules } from './read-tags.ts';
import { ReadFault, type YamlNode } from './read-yaml-node.ts';
import type { GrantMember, PolicyRecord, Position, Statement } from './types.ts';

/** What one reading carries along. */
export interface Reading {
  readonly budget: Budget;
  /** Records by the node they came from: an alias is the same record, not its twin. */
  readonly records: Map<YamlNode, PolicyRecord>;
  /** How the items of a policy's body are read: `readStatement`, handed down because bodies hold policies. */
  readonly statement: (node: YamlNode, reading: Reading) => Statement;
}

/** One item of the root list or of a policy's body. Throws ReadFault. */
export function readStatement(node: YamlNode, reading: Reading): Statement {
  const tag = tagOf(node);
  if (tag === null) {
    const what = node.type === 'mapping' ? '' : `, got ${typeNameOf(node)}`;
    throw new ReadFault(`No type given or inferred for sequence entry${what}`, node.at);
  }
  if (tag === 'automatic_role' || tag === 'member') {
    throw new ReadFault(
      `${tagRules[tag].name} is not a statement: it belongs into the field of another one`,
      node.at,
    );
  }
  if (isRecordTag(tag)) return readRecord(node, tag, reading);
  const fields = fieldsOf(node, tag);
  const { at } = node;
  switch (tag) {
    case 'grant':
      return { type: 'grant', at, roles: rolesOf(fields, reading), members: membersOf(fields, reading) };
    case 'revoke':
      return {
        type: 'revoke',
        at,
        roles: rolesOf(fields, reading),
        members: formerMembersOf(fields, reading),
      };
    case 'permit':
    case 'deny':
      return {
        type: tag,
        at,
        roles: rolesOf(fields, reading),
        privileges: listOf(fields, 'privilege', reading.budget).map((item) => stringOf('privilege', item)),
        resources: recordsIn(fields, 'resource', reading),
      };
    case 'delete':
      return { type: 'delete', at, records: deletedBy(fields, at, reading) };
    default:
      return tag satisfies never;
  }
}

function rolesOf(fields: Fields, reading: Reading): PolicyRecord[] {
  return listOf(fields, 'role', reading.budget).map((item) => readRole('role', item, true, reading));
}

function recordsIn(fields: Fields, field: 'resource' | 'record', reading: Reading): PolicyRecord[] {
  return listOf(fields, field, reading.budget).map((item) => readResource(field, item, reading));
}

/** Other statements may be about nothing, as in Conjur; one that deletes has to say what. */
function deletedBy(fields: Fields, at: Position, reading: Reading): PolicyRecord[] {
  const records = recordsIn(fields, 'record', reading);
  if (records.length === 0) throw new ReadFault('Delete has no record', at);
  return records;
}

function formerMembersOf(fields: Fields, reading: Reading): PolicyRecord[] {
  return listOf(fields, 'member', reading.budget).map((item) => readRole('member', item, false, reading));
}

/** A member of a grant is a role, or `!member` (or an untagged mapping) with a role and `admin`. */
function membersOf(fields: Fields, reading: Reading): GrantMember[] {
  return listOf(fields, 'member', reading.budget).flatMap((item): GrantMember[] => {
    const tag = tagOf(item);
    if (tag !== null && tag !== 'member') {
      return [{ role: readRole('member', item, false, reading), admin: false }];
    }
    if (item.type !== 'mapping') throw expected('Member', 'member', typeNameOf(item), item);
    const inner = fieldsOf(item, 'member');
    const adminNode = inner.get('admin');
    const admin = adminNode === undefined ? false : booleanOf('admin', adminNode);
    const roles = rolesOf(inner, reading);
    if (roles.length === 0) throw new ReadFault('Member has no role', item.at);
    return roles.map((role) => ({ role, admin }));
  });
}
