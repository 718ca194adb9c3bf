import { type FullId, fullId, isResourceKind } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { readAccess } from '../../store/access.ts';
import { readResource, rolesThatCan } from '../../store/resources.ts';
import { type Answer, emptyAnswer, jsonAnswer } from '../answers/answer.ts';
import { RecordNotFound } from '../answers/refusals.ts';
import { auditRecord, noReason } from '../audit/record.ts';
import { hasQuery, idOfPath, pathPart, queryText } from '../http/parameters.ts';
import { json } from '../http/route-about.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { assumedRole } from './assumed-role.ts';
import { requireAccess } from './require-access.ts';

/** Checks that were answered with no: failures in the audit trail, though nothing went wrong. */
const denied = new WeakSet<CallerCall['request']>();

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
      403: 'The caller has not the role that it asks for.',
      404: 'There is no such resource, the caller must not know of it, or the role has not the privilege.',
      422: 'No privilege is named.',
    },
  },
  handle: async (call) => {
    const id = idOfPath(call.request, isResourceKind);
    if (hasQuery(call.request, 'check')) return check(call, id);
    if (hasQuery(call.request, 'permitted_roles')) return permittedRoles(call, id);
    const { reads, dataKey } = call.context.store;
    return reads.run(async (sql) => {
      await requireAccess(sql, call.caller.roleId, null, id);
      const resource = await readResource(sql, dataKey, id);
      if (resource === null) throw new RecordNotFound(id);
      return jsonAnswer(resource);
    });
  },
  audit: (call, failure) => {
    if (hasQuery(call.request, 'check')) return [checkRecord(call, failure)];
    return hasQuery(call.request, 'permitted_roles') ? [] : [showRecord(call, failure)];
  },
};

/** 204 for yes; 404 for no, and for what the caller cannot see. */
async function check(call: CallerCall, id: FullId): Promise<Answer> {
  const privilege = queryText(call.request, 'privilege');
  if (privilege === null) throw new Problem('argument_invalid', 'privilege: name the privilege to check');
  const role = await assumedRole(call, ['role']);
  const { reads } = call.context.store;
  await reads.run((sql) => requireAccess(sql, call.caller.roleId, null, id));
  const { allowed } = await reads.run((sql) => readAccess(sql, role, privilege, id));
  if (!allowed) denied.add(call.request);
  return emptyAnswer(allowed ? 204 : 404);
}

async function permittedRoles(call: CallerCall, id: FullId): Promise<Answer> {
  const privilege = queryText(call.request, 'privilege') ?? queryText(call.request, 'permission');
  if (privilege === null) throw new Problem('argument_invalid', 'privilege: name the privilege to look for');
  return call.context.store.reads.run(async (sql) => {
    await requireAccess(sql, call.caller.roleId, null, id);
    return jsonAnswer(await rolesThatCan(sql, privilege, id));
  });
}

function checkRecord(call: CallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const user = call.caller.roleId;
  const resource = resourceOfPath(call);
  const privilege = queryText(call.request, 'privilege') ?? '';
  const role = queryText(call.request, 'role') ?? user;
  const who = role === user ? 'they' : role;
  return auditRecord(call, {
    msgid: 'check',
    operation: 'check',
    user,
    subject: { resource, role, privilege },
    failure: denied.has(call.request) ? noReason : failure,
    sentence: `${user} successfully checked if ${who} can ${privilege} ${resource}`,
    attempt: `${user} failed to check if ${who} can ${privilege} ${resource}`,
  });
}

function showRecord(call: CallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const user = call.caller.roleId;
  return auditRecord(call, {
    msgid: 'resource',
    operation: 'get',
    user,
    subject: { resource: resourceOfPath(call) },
    failure,
    sentence: `${user} successfully fetched resource details.`,
    attempt: `${user} failed to fetch resource details`,
  });
}

function resourceOfPath({ request }: CallerCall): FullId {
  return fullId(pathPart(request, 'account'), pathPart(request, 'kind'), pathPart(request, '*'));
}
