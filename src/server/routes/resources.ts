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

const listLimit = 1000;
/** Accepted for old clients, as Conjur does; the answer is still capped. */
const legacyLimit = 10_000;

/** `GET /resources[/:account[/:kind]]`: what the caller, or a role it has, can see. */
export const listRoutes: readonly Route[] = ['', '/:account', '/:account/:kind'].map((path) => ({
  method: 'GET' as const,
  url: `/resources${path}`,
  token: 'required' as const,
  handle: list,
  audit: (call: CallerCall, failure: unknown) => [listRecord(call, failure)],
}));

/** `GET /resources/:account/:kind/:id`, with `?check` and `?permitted_roles` for other questions about it. */
export const resourceRoute: Route = {
  method: 'GET',
  url: '/resources/:account/:kind/*',
  token: 'required',
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
  if (limit !== null && limit > listLimit && limit !== legacyLimit) {
    throw new Problem('argument_invalid', `'limit' parameter must not exceed ${listLimit}`);
  }
  const capped = { ...filter, limit: limit === null ? listLimit : limit, offset };
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
