import { json, pagingAbout } from '../http/route-about.ts';
import { type FullId, fullId, isResourceKind } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { canAssume, readAccess } from '../../store/access.ts';
import {
  countResources,
  listResources,
  readResource,
  type ResourceFilter,
  rolesThatCan,
} from '../../store/resources.ts';
import { type Answer, emptyAnswer, jsonAnswer } from '../answers/answer.ts';
import { forbidden, RecordNotFound } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { hasQuery, idOfPath, noRoute, paging, pathPart, queryRole, queryText } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { requireAccess } from './require-access.ts';

/** Accepted for old clients, as Conjur does; the answer is still capped. */
const legacyLimit = 10_000;

/** `GET /resources[/:account[/:kind]]`: what the caller, or a role it has, can see. */
export const listRoutes: readonly Route[] = ['', '/:account', '/:account/:kind'].map((path) => ({
  method: 'GET' as const,
  url: `/resources${path}`,
  token: 'required' as const,
  about: {
    summary: 'The resources that the caller, or a role it has, can see.',
    group: 'Resources' as const,
    query: {
      kind: { about: 'Only of this kind.' },
      search: { about: 'Whose id or annotations hold these words.' },
      owner: { about: 'Owned by this role (full id).' },
      role: { about: 'Seen by this role (full id), which the caller must have.' },
      acting_as: { about: 'The same as `role`.' },
      count: { about: '`true`: how many there are, instead of them.' },
      ...pagingAbout,
    },
    answers: {
      200: json('The resources, ordered by id; or their count.', {}),
      403: 'The caller has not the role that it asks for.',
      422: '`limit` or `offset` is no number, or too large.',
    },
  },
  handle: list,
  audit: (call: CallerCall, failure: unknown) => [listRecord(call, failure)],
}));

/** `GET /resources/:account/:kind/:id`, with `?check` and `?permitted_roles` for other questions about it. */
export const resourceRoute: Route = {
  method: 'GET',
  url: '/resources/:account/:kind/*',
  token: 'required',
  about: {
    summary: 'A resource; or whether a role may do something with it, or which roles may.',
    group: 'Resources',
    query: {
      check: { about: 'Whether a role has `privilege`: 204 or 404.' },
      permitted_roles: { about: 'The ids of all roles that have `privilege`.' },
      privilege: { about: 'Of `check` and `permitted_roles`.' },
      role: { about: 'Of `check`: another role than the caller, which the caller must have.' },
    },
    answers: {
      200: json('The resource, or the ids of roles.', {}),
      204: 'The role has the privilege.',
      404: 'There is no such resource, the caller must not know of it, or the role has not the privilege.',
      422: 'No privilege is named.',
    },
  },
  handle: async (call) => {
    const id = idOfPath(call.request, isResourceKind);
    if (hasQuery(call.request, 'check')) return check(call, id);
    if (hasQuery(call.request, 'permitted_roles')) return permittedRoles(call, id);
    return call.context.store.reads.run(async (sql) => {
      await requireAccess(sql, call.caller.roleId, null, id);
      const resource = await readResource(sql, id);
      if (resource === null) throw new RecordNotFound(id);
      return jsonAnswer(resource);
    });
  },
  audit: (call, failure) => [
    hasQuery(call.request, 'check') ? checkRecord(call, failure) : showRecord(call, failure),
  ],
};

async function list(call: CallerCall): Promise<Answer> {
  const { request, context } = call;
  const role = await assumedRole(call);
  const kind = pathPart(request, 'kind') || queryText(request, 'kind');
  if (pathPart(request, 'kind') !== '' && !isResourceKind(pathPart(request, 'kind'))) throw noRoute();
  const filter: Omit<ResourceFilter, 'limit' | 'offset'> = {
    account: pathPart(request, 'account') || context.account,
    kind,
    owner: queryRole(request, 'owner'),
    search: queryText(request, 'search'),
  };
  if (queryText(request, 'count') === 'true') {
    const count = await context.store.reads.run((sql) =>
      countResources(sql, role, { ...filter, limit: null, offset: 0 }),
    );
    return jsonAnswer({ count });
  }
  const { limit, offset } = paging(request);
  const { listLimitMax } = context.settings;
  if (limit !== null && limit > listLimitMax && limit !== legacyLimit) {
    throw new Problem('argument_invalid', `'limit' parameter must not exceed ${listLimitMax}`);
  }
  const capped = { ...filter, limit: limit === null ? listLimitMax : limit, offset };
  return jsonAnswer(await context.store.reads.run((sql) => listResources(sql, role, capped)));
}

/** `?role=` or `?acting_as=`: the caller itself, or a role it is a member of. */
async function assumedRole(call: CallerCall): Promise<FullId> {
  const caller = call.caller.roleId;
  const other = queryRole(call.request, 'acting_as') ?? queryRole(call.request, 'role');
  await requireAssumable(call, other ?? caller); // of itself too: its role may have been deleted
  return other ?? caller;
}

async function requireAssumable(call: CallerCall, other: FullId): Promise<void> {
  const can = await call.context.store.reads.run((sql) => canAssume(sql, call.caller.roleId, other));
  if (!can) throw forbidden();
}

/** 204 for yes; 404 for no, and for what the caller cannot see. */
async function check(call: CallerCall, id: FullId): Promise<Answer> {
  const privilege = queryText(call.request, 'privilege');
  if (privilege === null) throw new Problem('argument_invalid', 'privilege: name the privilege to check');
  const role = queryRole(call.request, 'role') ?? call.caller.roleId;
  if (role !== call.caller.roleId) await requireAssumable(call, role);
  const { reads } = call.context.store;
  await reads.run((sql) => requireAccess(sql, call.caller.roleId, null, id));
  const access = await reads.run((sql) => readAccess(sql, role, privilege, id));
  return emptyAnswer(access.allowed ? 204 : 404);
}

async function permittedRoles(call: CallerCall, id: FullId): Promise<Answer> {
  const privilege = queryText(call.request, 'privilege');
  if (privilege === null) throw new Problem('argument_invalid', 'privilege: name the privilege to look for');
  return call.context.store.reads.run(async (sql) => {
    await requireAccess(sql, call.caller.roleId, null, id);
    return jsonAnswer(await rolesThatCan(sql, privilege, id));
  });
}

function checkRecord(call: CallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const user = call.caller.roleId;
  const resource = fullId(
    pathPart(call.request, 'account'),
    pathPart(call.request, 'kind'),
    pathPart(call.request, '*'),
  );
  const privilege = queryText(call.request, 'privilege') ?? '';
  const role = queryText(call.request, 'role') ?? user;
  const who = role === user ? 'they' : role;
  return auditRecord(call, {
    msgid: 'check',
    operation: 'check',
    user,
    subject: { resource, role, privilege },
    failure,
    sentence: `${user} successfully checked if ${who} can ${privilege} ${resource}`,
    attempt: `${user} failed to check if ${who} can ${privilege} ${resource}`,
  });
}

function showRecord(call: CallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const user = call.caller.roleId;
  const resource = fullId(
    pathPart(call.request, 'account'),
    pathPart(call.request, 'kind'),
    pathPart(call.request, '*'),
  );
  return auditRecord(call, {
    msgid: 'resource',
    operation: 'get',
    user,
    subject: { resource },
    failure,
    sentence: `${user} successfully fetched resource details for ${resource}`,
    attempt: `${user} failed to fetch resource details for ${resource}`,
  });
}

function listRecord(call: CallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const user = call.caller.roleId;
  const names = ['count', 'limit', 'offset', 'search', 'kind', 'owner', 'role', 'acting_as'];
  const given = names.flatMap((name) => {
    const value = queryText(call.request, name);
    return value === null ? [] : [[name, value] as const];
  });
  const shown = `{${given.map(([name, value]) => `:${name}=>${JSON.stringify(value)}`).join(', ')}}`;
  return auditRecord(call, {
    msgid: 'list',
    operation: 'list',
    user,
    subject: Object.fromEntries(given),
    failure,
    sentence: `${user} successfully listed resources with parameters: ${shown}`,
    attempt: `${user} failed to list resources with parameters: ${shown}`,
  });
}
