import { type FullId, fullId } from '../ids.ts';
import type { PolicyRecord, Position, Statement } from './types.ts';

/** What a resolving function throws; `resolve` turns it into a value. It never leaves the `resolve` files. */
export class ResolveFault extends Error {
  readonly at: Position;

  constructor(message: string, at: Position) {
    super(message);
    this.at = at;
  }
}

/**
 * Bytes of a full id. PostgreSQL keeps at most 2704 bytes in an entry of an index (manual, 64.1), and the keys of
 * memberships and permissions hold two ids.
 */
const maxIdBytes = 1000;
/** Bytes of a privilege, and of the name of an annotation: they stand in keys beside ids. */
export const maxNameBytes = 500;

/** Ids of one load: how a record gets its full id, as a subject and as a reference. */
export interface Ids {
  /**
   * The id of something that the statement acts upon: created, granted, permitted on, deleted. It stays inside the
   * policy: neither `/` nor `..` leads out. Throws ResolveFault.
   */
  readonly subject: (record: PolicyRecord) => FullId;
  /** The id of something that is only referred to (owner, member, grantee): `/` and `..` are allowed. Throws ResolveFault. */
  readonly reference: (record: PolicyRecord) => FullId;
  /** The identifier of a record inside its policies, before `/` and `..` are looked at. */
  readonly base: (record: PolicyRecord) => string;
}

/** Whose ids they are. */
export interface IdScope {
  readonly account: string;
  /** The identifier of the loaded policy; null when it is root, which gives no prefix. */
  readonly namespace: string | null;
}

/** Gives every record in `statements` its place among the policies. Throws ResolveFault. */
export function idsOf(statements: readonly Statement[], scope: IdScope): Ids {
  const bases = new Map<PolicyRecord, string>();
  nameAll(statements, scope.namespace, bases);
  const base = (record: PolicyRecord): string => bases.get(record) ?? record.id ?? '';
  const reference = (record: PolicyRecord): FullId => {
    const account = accountOf(record, scope);
    if (record.tag === 'automatic_role') return automaticRoleId(record, account, base);
    return fullId(account, kindOf(record), loginNotation(record, absolutePath(base(record), record.at)));
  };
  return {
    base,
    reference: (record) => bounded(reference(record), record.at),
    subject: (record) => bounded(subjectId(record, base(record), scope), record.at),
  };
}

/** `id`. Throws ResolveFault when it is longer than the database can keep. */
export function bounded(id: FullId, at: Position): FullId {
  if (isLonger(id, maxIdBytes)) {
    const start = `${id.slice(0, 60)}…`;
    throw new ResolveFault(`The id '${start}' is longer than ${maxIdBytes} bytes`, at);
  }
  return id;
}

/** Whether `text` takes more than `bytes` in UTF-8. */
export function isLonger(text: string, bytes: number): boolean {
  if (text.length * 3 <= bytes) return false;
  let length = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return length > bytes;
}

/** The kind in a record's full id. */
export function kindOf(record: PolicyRecord): string {
  return record.tag === 'role' || record.tag === 'resource' ? (record.kind ?? '') : record.tag;
}

/** `group 'app/admins'`, the way messages name a record. */
export function describeRecord(record: PolicyRecord, identifier: string): string {
  const compound = record.tag === 'role' || record.tag === 'resource';
  const what = compound ? `${kindOf(record)} ${record.tag}` : record.tag.replaceAll('_', ' ');
  return `${what} '${identifier}'`;
}

/**
 * Leading `/` off, and each `..` takes away the token before it. Throws ResolveFault when there is none.
 */
export function absolutePath(path: string, at: Position): string {
  const tokens: string[] = [];
  for (const token of path.replace(/^\//, '').split('/')) {
    if (token !== '..') tokens.push(token);
    else if (tokens.pop() === undefined) throw new ResolveFault(`Invalid relative reference: ${path}`, at);
  }
  if (tokens.length === 0) throw new ResolveFault(`Invalid relative reference: ${path}`, at);
  return tokens.join('/');
}

/** An id is namespaced where it is met first, in the order of the text; an alias elsewhere does not move it. */
function nameAll(
  statements: readonly Statement[],
  namespace: string | null,
  bases: Map<PolicyRecord, string>,
): void {
  const name = (record: PolicyRecord): void => {
    if (bases.has(record)) return;
    bases.set(record, record.tag === 'automatic_role' ? '' : inNamespace(record, namespace));
    for (const inner of [record.owner, record.record, ...(record.layers ?? [])]) {
      if (inner !== null) name(inner);
    }
    nameAll(record.body, bases.get(record) ?? null, bases);
  };
  for (const statement of statements) {
    for (const record of recordsIn(statement)) name(record);
  }
}

function inNamespace(record: PolicyRecord, namespace: string | null): string {
  const id = record.id ?? '';
  if (id.trim() === '') {
    if (namespace === null || kindOf(record) === '')
      throw new ResolveFault(`${record.tag} has a blank id`, record.at);
    return namespace;
  }
  return id.startsWith('/') || namespace === null ? id : `${namespace}/${id}`;
}

function recordsIn(statement: Statement): readonly PolicyRecord[] {
  switch (statement.type) {
    case 'record':
      return [statement];
    case 'grant':
      return [...statement.roles, ...statement.members.map(({ role }) => role)];
    case 'revoke':
      return [...statement.roles, ...statement.members];
    case 'permit':
    case 'deny':
      return [...statement.roles, ...statement.resources];
    case 'delete':
      return statement.records;
    default:
      return statement satisfies never;
  }
}

/**
 * Conjur looks for a leading `/` after users have got their `@`, so `/admin` as a subject slips out of a policy there.
 * Here no subject leaves the loaded policy; only in root, which holds all users, `/alice` is alice.
 */
function subjectId(record: PolicyRecord, base: string, scope: IdScope): FullId {
  const account = accountOf(record, scope);
  if (account !== scope.account) {
    const named = describeRecord(record, base);
    throw new ResolveFault(`A policy cannot act on ${named} in the other account '${account}'`, record.at);
  }
  const inRoot = isUser(record) && scope.namespace === null;
  const path = inRoot ? base.replace(/^\//, '') : base;
  if (path.startsWith('/') || path === '') throw new ResolveFault(`Illegal absolute id: ${base}`, record.at);
  if (path.split('/').includes('..'))
    throw new ResolveFault(`Invalid relative reference: ${base}`, record.at);
  return fullId(account, kindOf(record), loginNotation(record, path));
}

function accountOf(record: PolicyRecord, scope: IdScope): string {
  const account = record.account ?? scope.account;
  if (account === '' || account.includes(':')) {
    throw new ResolveFault(`'${account}' is no name of an account`, record.at);
  }
  return account;
}

function isUser(record: PolicyRecord): boolean {
  return record.tag !== 'role' && kindOf(record) === 'user';
}

/** Users of a policy are called `alice@dev-team`, not `dev/team/alice`. */
function loginNotation(record: PolicyRecord, path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash === -1 || !isUser(record)) return path;
  return `${path.slice(slash + 1)}@${path.slice(0, slash).replaceAll('/', '-')}`;
}

/** Conjur 4 had roles that belonged to records. None exist any more, so such a reference is never found. */
function automaticRoleId(
  record: PolicyRecord,
  account: string,
  base: (record: PolicyRecord) => string,
): FullId {
  const { record: of, roleName } = record;
  const inner = of === null ? '' : `${kindOf(of)}/${base(of)}`;
  return fullId(account, '@', `${inner}/${roleName ?? ''}`);
}
