import { type FullId, isResourceKind } from '../../core/ids.ts';
import { countResources, listResources, type ResourceFilter } from '../../store/resources.ts';
import { roleExists } from '../../store/exists.ts';
import { type Answer, jsonAnswer } from '../answers/answer.ts';
import { RecordNotFound } from '../answers/refusals.ts';
import { resourceAnswer } from '../answers/resource-answer.ts';
import { auditRecord } from '../audit/record.ts';
import { givenParameters, type Parameter, shownParameters, subjectOf } from '../audit/shown-parameters.ts';
import { accountOfPath, idInAccount, noRoute, paging, pathPart, queryText } from '../http/parameters.ts';
import { refuseLongLists } from '../http/list-limit.ts';
import { json, pagingAbout } from '../http/route-about.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { assumedRole } from './assumed-role.ts';

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
      owner: { about: 'Owned by this role, or by one that it has.' },
      role: { about: 'Seen by this role (full id), which the caller must have.' },
      acting_as: { about: 'The same as `role`.' },
      count: { about: '`true`: how many there are, instead of them.' },
      ...pagingAbout,
    },
    answers: {
      200: json('The resources, ordered by id; or their count.', {}),
      403: 'The caller has not the role that it asks for.',
      404: 'There is no such owner.',
      422: '`limit` or `offset` is no number, or too large.',
    },
  },
  handle: list,
  audit: (call: CallerCall, failure: unknown) => [listRecord(call, failure)],
}));

async function list(call: CallerCall): Promise<Answer> {
  const { request, context } = call;
  const { reads, dataKey } = context.store;
  const kind = pathPart(request, 'kind');
  if (kind !== '' && !isResourceKind(kind)) throw noRoute();
  const { limit, offset } = paging(request);
  const counted = queryText(request, 'count') === 'true';
  if (!counted) refuseLongLists(limit, context.settings.listLimitMax);
  const filter: Omit<ResourceFilter, 'limit' | 'offset'> = {
    account: pathPart(request, 'account') === '' ? null : accountOfPath(request),
    kind: kind || queryText(request, 'kind'),
    owner: await ownerParameter(call),
    search: queryText(request, 'search'),
  };
  const role = await assumedRole(call, ['role', 'acting_as']);
  if (counted) {
    const whole = { ...filter, limit: null, offset: 0 };
    return jsonAnswer({ count: await reads.run((sql) => countResources(sql, role, whole)) });
  }
  const capped = { ...filter, limit: limit ?? context.settings.listLimitMax, offset };
  return resourceAnswer(reads, await reads.run((sql) => listResources(sql, dataKey, role, capped)));
}

async function ownerParameter({ request, context, caller }: CallerCall): Promise<FullId | null> {
  const text = queryText(request, 'owner');
  if (text === null) return null;
  const owner = idInAccount(text, pathPart(request, 'account') || caller.account);
  if (await context.store.reads.run((sql) => roleExists(sql, owner))) return owner;
  throw new RecordNotFound(owner);
}

function listRecord(call: CallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const { request } = call;
  const user = call.caller.roleId;
  const ofPath = (name: string): readonly Parameter[] =>
    pathPart(request, name) === '' ? [] : [[name, pathPart(request, name)]];
  const parameters: readonly Parameter[] = [
    ...ofPath('account'),
    ...(pathPart(request, 'kind') === '' ? givenParameters(request, ['kind']) : ofPath('kind')),
    ...givenParameters(request, ['limit', 'offset', 'search', 'count', 'acting_as', 'role']),
  ];
  const shown = shownParameters(parameters);
  return auditRecord(call, {
    msgid: 'list',
    operation: 'list',
    user,
    subject: subjectOf(parameters),
    failure,
    sentence: `${user} successfully listed resources with parameters: ${shown}`,
    attempt: `${user} failed to list resources with parameters: ${shown}`,
  });
}
