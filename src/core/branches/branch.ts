import { type FullId, fullId, kindOf, identifierOf } from '../ids.ts';
import { type Fields, fieldFault, type FieldRules, objectField, textOf } from './fields.ts';
import { branchOf, identifierOfPath, isRootPath, nameOf, pathIn } from './names.ts';
import {
  annotationFaults,
  branchFaults,
  identifierFault,
  nameFaults,
  type Reading,
  roleFaults,
  sentenceOf,
} from './rules.ts';

/** A role that a body names. */
export interface NamedRole {
  readonly kind: string;
  readonly id: string;
}

/** What a client asks of a branch that is there. Null: the owner stays. */
export interface BranchUpdate {
  readonly owner: NamedRole | null;
  readonly annotations: readonly (readonly [name: string, value: string])[];
}

/** A branch that a client asks for. */
export interface NewBranch extends BranchUpdate {
  readonly name: string;
  /** The path of the branch that it goes into. */
  readonly branch: string;
}

/** A branch as it stands. */
export interface Branch {
  readonly id: FullId;
  readonly ownerId: FullId;
  readonly policyId: FullId | null;
  readonly annotations: Readonly<Record<string, string>>;
}

const ownerKinds = ['host', 'user', 'group', 'policy'];
const optional: FieldRules['objects'] = { owner: ['kind', 'id'], annotations: null };
const ok = <T>(value: T): Reading<T> => ({ ok: true, value });
const refused = (message: string): Reading<never> => ({ ok: false, message });

/** Reads the body of a request for a new branch. */
export function readNewBranch(fields: Fields): Reading<NewBranch> {
  const fault = fieldFault(fields, { required: ['name', 'branch'], objects: optional });
  if (fault !== null) return refused(fault);
  const parts = readParts(fields);
  if (!parts.ok) return parts;
  const name = textOf(fields, 'name');
  const branch = textOf(fields, 'branch');
  const tooDeep = identifierFault(pathIn(branch, name));
  if (tooDeep !== null) return refused(tooDeep);
  const faults = [...nameFaults(name), ...branchFaults(branch)];
  return faults.length > 0 ? refused(sentenceOf(faults)) : ok({ name, branch, ...parts.value });
}

/**
 * Reads the body of a request to change a branch in two steps, since the caller's rights are asked for in between: `fault`
 * names fields that are too many, `read` gives their values.
 */
export function readBranchUpdate(fields: Fields): {
  readonly fault: string | null;
  readonly read: () => Reading<BranchUpdate>;
} {
  return {
    fault: fieldFault(fields, { required: [], objects: optional }),
    read: () => readParts(fields),
  };
}

/** The path of the branch that a body asks for, for the audit trail: whatever it says. */
export function pathAskedFor(fields: Fields): string {
  return pathIn(textOf(fields, 'branch'), textOf(fields, 'name'));
}

/** The role behind a name. */
export function namedRoleId(account: string, { kind, id }: NamedRole): FullId {
  return fullId(account, kind, identifierOfPath(id));
}

/** Who owns a new branch: whom the client names, else the branch that it goes into; `admin` in the root. */
export function ownerOfNew(account: string, { branch, owner }: NewBranch): FullId {
  if (owner !== null) return namedRoleId(account, owner);
  return isRootPath(branch)
    ? fullId(account, 'user', 'admin')
    : fullId(account, 'policy', identifierOfPath(branch));
}

/** A branch as the wire shows it. */
export function branchJson({ id, ownerId, annotations }: Branch): Readonly<Record<string, unknown>> {
  const path = identifierOf(id);
  return {
    name: nameOf(path),
    branch: branchOf(path),
    owner: { kind: kindOf(ownerId), id: identifierOf(ownerId) },
    annotations,
  };
}

/** Owner first, then annotations: the first that is wrong refuses alone. An empty object is none. */
function readParts(fields: Fields): Reading<BranchUpdate> {
  const given = objectField(fields, 'owner');
  const owner = { kind: textOf(given, 'kind'), id: textOf(given, 'id') };
  const hasOwner = Object.keys(given).length > 0;
  if (hasOwner) {
    const tooDeep = owner.kind === 'user' ? null : identifierFault(owner.id);
    if (tooDeep !== null) return refused(tooDeep);
    const faults = roleFaults(ownerKinds, 'owner', owner);
    if (faults.length > 0) return refused(sentenceOf(faults));
  }
  const entries = Object.entries(objectField(fields, 'annotations'));
  const faults = entries.flatMap(([name, value]) => annotationFaults(name, value));
  if (faults.length > 0) return refused(sentenceOf(faults));
  return ok({
    owner: hasOwner ? owner : null,
    annotations: entries.map(([name, value]) => [name, String(value)] as const),
  });
}
