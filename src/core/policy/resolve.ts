import { accountOf, type FullId, identifierOf } from '../ids.ts';
import { describeRecord, type Ids, idsOf, isLonger, maxNameBytes, ResolveFault } from './resolve-ids.ts';
import { inCreationOrder } from './resolve-order.ts';
import {
  annotationWarnings,
  createdRecord,
  type HostRules,
  type NamedRecord,
  publicKeyRecords,
} from './resolve-records.ts';
import type {
  Grant,
  PermitOrDeny,
  PolicyFault,
  PolicyRecord,
  Position,
  Resolved,
  ResolvedDeletion,
  ResolvedGrant,
  ResolvedPermit,
  Revoke,
  Statement,
} from './types.ts';

/** Where a text is loaded. */
export interface LoadTarget {
  /** The policy that is loaded, such as `acct:policy:root`; its account is the account of the load. */
  readonly policyId: FullId;
  /** The owner of that policy: who owns what stands at the top of a text for root. */
  readonly ownerId: FullId;
  readonly rules?: HostRules;
}

export type Resolution =
  | { readonly ok: true; readonly resolved: Resolved }
  | { readonly ok: false; readonly fault: PolicyFault };

/** Rows that the roles x members of one text may stand for. */
const maxRows = 1_000_000;

/**
 * Gives every id its full form, every record its owner, and puts creations in an order in which they can be made. A text
 * for any policy but root is read as the body of that policy.
 */
export function resolve(statements: readonly Statement[], target: LoadTarget): Resolution {
  try {
    return { ok: true, resolved: resolved(statements, target) };
  } catch (error) {
    if (!(error instanceof ResolveFault)) throw error;
    return { ok: false, fault: { ...placeOf(error.at), message: error.message } };
  }
}

function placeOf({ line, column }: Position): Position {
  return { line, column };
}

function resolved(statements: readonly Statement[], target: LoadTarget): Resolved {
  const account = accountOf(target.policyId);
  const isRoot = identifierOf(target.policyId) === 'root';
  const ids = idsOf(statements, { account, namespace: isRoot ? null : identifierOf(target.policyId) });
  const load: Load = {
    ids,
    rules: target.rules ?? { hostsNameApiKey: false },
    seen: new Set(),
    declared: new Set(isRoot ? [] : [`role ${target.policyId}`, `resource ${target.policyId}`]),
    records: [],
    grants: new Map(),
    permits: new Map(),
    deletions: [],
    rows: 0,
  };
  walk(statements, isRoot ? target.ownerId : target.policyId, load);
  const named = inCreationOrder(load.records);
  return {
    account,
    policyId: target.policyId,
    records: named.map(({ dependsOn: _, name: __, tag: ___, ...record }) => record),
    grants: [...load.grants.values()],
    permits: [...load.permits.values()],
    deletions: load.deletions,
    warnings: annotationWarnings(load.records),
  };
}

interface Load {
  readonly ids: Ids;
  readonly rules: HostRules;
  readonly seen: Set<PolicyRecord>;
  /** `role <id>` and `resource <id>` of what is created so far. */
  readonly declared: Set<string>;
  readonly records: NamedRecord[];
  readonly grants: Map<string, ResolvedGrant>;
  readonly permits: Map<string, ResolvedPermit>;
  readonly deletions: ResolvedDeletion[];
  rows: number;
}

function walk(statements: readonly Statement[], owner: FullId, load: Load): void {
  for (const statement of statements) {
    switch (statement.type) {
      case 'record':
        create(statement, owner, load);
        break;
      case 'grant':
        grant(statement, load);
        break;
      case 'permit':
      case 'deny':
        permitOrDeny(statement, load);
        break;
      case 'revoke':
        revoke(statement, load);
        break;
      case 'delete':
        for (const record of statement.records) {
          load.deletions.push({ type: 'delete', id: load.ids.subject(record), at: statement.at });
        }
        break;
      default:
        statement satisfies never;
    }
  }
}

/** An aliased statement is the same record again, not a second declaration. */
function create(record: PolicyRecord, owner: FullId, load: Load): void {
  if (load.seen.has(record)) return;
  load.seen.add(record);
  const created = createdRecord(record, load.ids, owner, load.rules);
  for (const [is, table] of [
    [created.isRole, 'role'],
    [created.isResource, 'resource'],
  ] as const) {
    if (is && load.declared.has(`${table} ${created.id}`)) {
      throw new ResolveFault(
        `${describeRecord(record, identifierOf(created.id))} is declared more than once`,
        record.at,
      );
    }
    if (is) load.declared.add(`${table} ${created.id}`);
  }
  load.records.push(created);
  for (const key of publicKeyRecords(created)) {
    if (load.declared.has(`resource ${key.id}`)) continue;
    load.declared.add(`resource ${key.id}`);
    load.records.push(key);
  }
  walk(record.body, created.id, load);
}

/** Of the same grant written twice the last one says whether it is with admin option. */
function grant(statement: Grant, load: Load): void {
  count(statement.roles.length * statement.members.length, statement.at, load);
  const members = statement.members.map((member) => ({
    id: load.ids.reference(member.role),
    admin: member.admin,
  }));
  for (const role of statement.roles) {
    const roleId = load.ids.subject(role);
    for (const { id: memberId, admin } of members) {
      load.grants.set(`${roleId}\0${memberId}`, { ...placeOf(statement.at), roleId, memberId, admin });
    }
  }
}

function revoke(statement: Revoke, load: Load): void {
  count(statement.roles.length * statement.members.length, statement.at, load);
  const members = statement.members.map((member) => load.ids.reference(member));
  for (const role of statement.roles) {
    const roleId = load.ids.subject(role);
    for (const memberId of members)
      load.deletions.push({ type: 'revoke', roleId, memberId, at: statement.at });
  }
}

function permitOrDeny(statement: PermitOrDeny, load: Load): void {
  const { roles, resources, privileges, at } = statement;
  count(roles.length * resources.length * privileges.length, at, load);
  const long = privileges.find((privilege) => isLonger(privilege, maxNameBytes));
  if (long !== undefined) {
    throw new ResolveFault(`The privilege '${long.slice(0, 60)}…' is longer than ${maxNameBytes} bytes`, at);
  }
  const roleIds = roles.map((role) => load.ids.reference(role));
  for (const resource of resources) {
    const resourceId = load.ids.subject(resource);
    for (const privilege of privileges) {
      for (const roleId of roleIds) {
        const row = { roleId, privilege, resourceId };
        if (statement.type === 'deny') load.deletions.push({ type: 'deny', ...row, at });
        else load.permits.set(`${resourceId}\0${roleId}\0${privilege}`, { ...placeOf(at), ...row });
      }
    }
  }
}

function count(rows: number, at: Position, load: Load): void {
  load.rows += rows;
  if (load.rows > maxRows) {
    throw new ResolveFault(
      `The text stands for more than ${maxRows} grants and permissions; load it in parts`,
      at,
    );
  }
}
