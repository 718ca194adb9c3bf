import { json, pagingAbout } from '../http/route-about.ts';
import { type FullId, fullId, isRoleKind, roleKinds } from '../../core/ids.ts';
import {
  countMembers,
  isRoleVisible,
  type MemberFilter,
  readAllRoles,
  readMembers,
  readMemberships,
  readRole,
} from '../../store/roles.ts';
import type { Sql } from '../../store/connection.ts';
import { jsonAnswer } from '../answers/answer.ts';
import { RecordNotFound } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { hasQuery, idOfPath, paging, pathPart, queryText, queryTexts } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';

/** What `GET /roles/…` is asked: by the presence of a key, in this order. */
const verbs = ['all', 'memberships', 'members'] as const;
type Verb = (typeof verbs)[number] | 'show';

/** `GET /roles/:account/:kind/:id`, with `?members`, `?memberships` and `?all`. */
export const roleRoute: Route = {
  method: 'GET',
  url: '/roles/:account/:kind/*',
  token: 'required',
  about: {
    summary: 'A role; or, by the presence of a key in the query, its members or memberships.',
    group: 'Roles',
    parts: { kind: { about: 'The kind of the role.', schema: { enum: roleKinds } } },
    query: {
      members: { about: 'Its direct members.' },
      memberships: { about: 'The roles that it is a direct member of.' },
      all: { about: 'The ids of all roles that it has, itself included.' },
      count: { about: 'How many there are, instead of them.' },
      search: { about: 'Members whose id holds these words.' },
      kind: { about: 'Members of this kind.' },
      filter: { about: 'Of `all`: only these ids.' },
      ...pagingAbout,
    },
    answers: {
      200: json('The role, a list of grants, a list of ids, or a count.', {}),
      404: 'There is no such role, or the caller must not know of it.',
    },
  },
  handle: async (call) => {
    const id = idOfPath(call.request, isRoleKind);
    return call.context.store.reads.run(async (sql) => {
      if (!(await isRoleVisible(sql, call.caller.roleId, id))) throw new RecordNotFound(id);
      return jsonAnswer(await answer(sql, call, id));
    });
  },
  audit: (call, failure) => [roleRecord(call, failure)],
};

async function answer(sql: Sql, call: CallerCall, id: FullId): Promise<unknown> {
  const { request } = call;
  switch (verbOf(call)) {
    case 'all': {
      const roles = await readAllRoles(sql, id, [
        ...queryTexts(request, 'filter[]'),
        ...queryTexts(request, 'filter'),
      ]);
      return hasQuery(request, 'count') ? { count: roles.length } : roles;
    }
    case 'memberships': {
      const grants = await readMemberships(sql, id);
      return hasQuery(request, 'count') ? { count: grants.length } : grants;
    }
    case 'members': {
      const filter = memberFilter(call);
      if (hasQuery(request, 'count')) return { count: await countMembers(sql, id, filter) };
      return readMembers(sql, id, filter);
    }
    case 'show':
      return readRole(sql, id);
  }
}

function verbOf(call: CallerCall): Verb {
  return verbs.find((verb) => hasQuery(call.request, verb)) ?? 'show';
}

function memberFilter(call: CallerCall): MemberFilter {
  const { request } = call;
  return {
    search: queryText(request, 'search'),
    kinds: [...queryTexts(request, 'kind[]'), ...queryTexts(request, 'kind')],
    ...pageOf(call),
  };
}

/** Without `limit` and `offset` a member list is whole. */
function pageOf(call: CallerCall): Pick<MemberFilter, 'limit' | 'offset'> {
  const asked = hasQuery(call.request, 'limit') || hasQuery(call.request, 'offset');
  return asked ? paging(call.request) : { limit: null, offset: 0 };
}

function roleRecord(call: CallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const user = call.caller.roleId;
  const role = fullId(
    pathPart(call.request, 'account'),
    pathPart(call.request, 'kind'),
    pathPart(call.request, '*'),
  );
  const verb = verbOf(call);
  const what = { show: 'role details', members: 'members', memberships: 'memberships', all: 'memberships' }[
    verb
  ];
  return auditRecord(call, {
    msgid: { show: 'role', members: 'members', memberships: 'membership', all: 'membership' }[verb],
    operation: verb === 'show' ? 'get' : 'list',
    user,
    subject: { role },
    failure,
    sentence: `${user} successfully listed ${what} of ${role}`,
    attempt: `${user} failed to list ${what} of ${role}`,
  });
}
