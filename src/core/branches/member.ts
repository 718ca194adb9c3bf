import type { NamedRole } from './branch.ts';
import { type Fields, fieldFault, textOf } from './fields.ts';
import { identifierOfPath } from './names.ts';
import { identifierFault, type Reading, roleFaults, sentenceOf } from './rules.ts';

const memberKinds = ['host', 'user', 'group'];

/** Reads the body of a request for a new member of a group, in two steps as `readBranchUpdate`. */
export function readNewMember(fields: Fields): {
  readonly fault: string | null;
  readonly read: () => Reading<NamedRole>;
} {
  return {
    fault: fieldFault(fields, { required: ['kind', 'id'], objects: {} }),
    read: () => readMember({ kind: textOf(fields, 'kind'), id: textOf(fields, 'id') }),
  };
}

/** A member that a body or a path names. */
export function readMember(member: NamedRole): Reading<NamedRole> {
  const tooDeep = member.kind === 'user' ? null : identifierFault(member.id);
  if (tooDeep !== null) return { ok: false, message: tooDeep };
  const faults = roleFaults(memberKinds, 'member', member);
  return faults.length === 0 ? { ok: true, value: member } : { ok: false, message: sentenceOf(faults) };
}

/** Why a group cannot have this member; null when it can. */
export function ownMemberFault(group: string, { kind, id }: NamedRole): string | null {
  if (kind !== 'group' || identifierOfPath(id) !== identifierOfPath(group)) return null;
  const why = `The '${group}' group cannot be a member of itself`;
  return `CONJ00191W The value in the Member ID parameter is not valid. Error: ${why}`;
}

/** The group and member of `<group>/members/<kind>/<id>`; the last `/members/` counts. Null: it is no such path. */
export function splitMemberPath(path: string): { readonly group: string; readonly member: NamedRole } | null {
  const [, group, kind, id] = /^(.+)\/members\/([^/]+)\/(.+)$/.exec(path) ?? [];
  return group === undefined || kind === undefined || id === undefined
    ? null
    : { group, member: { kind, id } };
}
