import type { ConjurClient } from './client.ts';
import { joinedPages } from './joined-pages.ts';
import { pathOf } from './path.ts';
import { jsonOf, recordOf } from './refusal.ts';
import { unexpectedAnswer } from './unexpected.ts';

/** A JSON object of the server, with the fields that the kind has. */
export type ApiRecord = Readonly<Record<string, unknown>>;

/** What `kind:identifier` names; the account is the client's. */
export interface Named {
  readonly kind: string;
  readonly identifier: string;
}

export interface ResourceFilter {
  readonly kind: string | null;
  readonly search: string | null;
  /** A role, by its full id, of which the caller is a member: what it may see. */
  readonly role: string | null;
  readonly limit: number | null;
  readonly offset: number | null;
}

/** The resources that the caller may see, ordered by id; without a limit all of them, page by page. */
export async function listResources(
  client: ConjurClient,
  filter: ResourceFilter,
): Promise<readonly ApiRecord[]> {
  const found: ApiRecord[] = [];
  for await (const page of resourcePages(client, filter)) found.push(...page);
  return found;
}

/** The same a page at a time, for lists that are too long to be kept. */
export function resourcePages(
  client: ConjurClient,
  filter: ResourceFilter,
): AsyncGenerator<readonly ApiRecord[]> {
  return joinedPages({
    readPage: (page) => listPage(client, { ...filter, ...page }),
    offset: filter.offset ?? 0,
    limit: filter.limit ?? Number.POSITIVE_INFINITY,
  });
}

/** How many there are; limit and offset do not matter. */
export async function countResources(client: ConjurClient, filter: ResourceFilter): Promise<number> {
  const attempt = 'count the resources';
  const query = { kind: filter.kind, search: filter.search, role: filter.role, count: true };
  const path = pathOf(['resources', client.account], query);
  const count = recordOf(jsonOf(await client.send({ attempt, method: 'GET', path })))?.['count'];
  if (typeof count !== 'number') throw unexpectedAnswer(attempt);
  return count;
}

export async function showResource(client: ConjurClient, { kind, identifier }: Named): Promise<ApiRecord> {
  const attempt = `show ${kind}:${identifier}`;
  const path = pathOf(['resources', client.account, kind, identifier]);
  return recordAnswer(client, attempt, path);
}

/**
 * Whether a role has a privilege. What may not be seen, or does not exist, is a no.
 *
 * @param role by its full id; null: the caller
 */
export async function checkPrivilege(
  client: ConjurClient,
  { kind, identifier }: Named,
  privilege: string,
  role: string | null,
): Promise<boolean> {
  const answer = await client.send({
    attempt: `check ${privilege} on ${kind}:${identifier}`,
    method: 'GET',
    path: pathOf(['resources', client.account, kind, identifier], { check: true, privilege, role }),
    expected: [404],
  });
  return answer.status !== 404;
}

/** The full ids of all roles that have a privilege on what the caller may see. */
export async function listPermittedRoles(
  client: ConjurClient,
  { kind, identifier }: Named,
  privilege: string,
): Promise<readonly string[]> {
  const attempt = `ask who has ${privilege} on ${kind}:${identifier}`;
  const path = pathOf(['resources', client.account, kind, identifier], { permitted_roles: true, privilege });
  const roles = jsonOf(await client.send({ attempt, method: 'GET', path }));
  if (!Array.isArray(roles)) throw unexpectedAnswer(attempt);
  return roles.filter((id) => typeof id === 'string');
}

export async function showRole(client: ConjurClient, { kind, identifier }: Named): Promise<ApiRecord> {
  return recordAnswer(client, `show the role ${kind}:${identifier}`, rolePath(client, { kind, identifier }));
}

/** Who has the role directly: grants, ordered by member. */
export async function listMembers(client: ConjurClient, role: Named): Promise<readonly ApiRecord[]> {
  const attempt = `list the members of ${role.kind}:${role.identifier}`;
  return listAnswer(client, attempt, `${rolePath(client, role)}?members`);
}

/** The grants through which a role has others directly. */
export async function listMemberships(client: ConjurClient, role: Named): Promise<readonly ApiRecord[]> {
  const attempt = `list the memberships of ${role.kind}:${role.identifier}`;
  return listAnswer(client, attempt, `${rolePath(client, role)}?memberships`);
}

/** The full ids of all roles that a role has, through others too, itself included. */
export async function listAllRoles(client: ConjurClient, role: Named): Promise<readonly string[]> {
  const attempt = `list the memberships of ${role.kind}:${role.identifier}`;
  const path = `${rolePath(client, role)}?all`;
  const roles = jsonOf(await client.send({ attempt, method: 'GET', path }));
  if (!Array.isArray(roles)) throw unexpectedAnswer(attempt);
  return roles.filter((id) => typeof id === 'string');
}

function rolePath(client: ConjurClient, { kind, identifier }: Named): string {
  return pathOf(['roles', client.account, kind, identifier]);
}

async function listPage(
  client: ConjurClient,
  { kind, search, role, limit, offset }: ResourceFilter,
): Promise<readonly ApiRecord[]> {
  const path = pathOf(['resources', client.account], { kind, search, role, limit, offset });
  return listAnswer(client, 'list the resources', path);
}

async function recordAnswer(client: ConjurClient, attempt: string, path: string): Promise<ApiRecord> {
  const record = recordOf(jsonOf(await client.send({ attempt, method: 'GET', path })));
  if (record === null) throw unexpectedAnswer(attempt);
  return record;
}

async function listAnswer(
  client: ConjurClient,
  attempt: string,
  path: string,
): Promise<readonly ApiRecord[]> {
  const list = jsonOf(await client.send({ attempt, method: 'GET', path }));
  if (!Array.isArray(list)) throw unexpectedAnswer(attempt);
  return list.map((entry) => recordOf(entry) ?? {});
}
