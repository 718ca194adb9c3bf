import { type FullId, isRoleKind, roleKinds } from '../../core/ids.ts';
import type { Sql } from '../../store/connection.ts';
import {
  countMembers,
  type GrantFilter,
  isRoleVisible,
  readAllRoles,
  readMembers,
  readMemberships,
  readRole,
  readRoleGraph,
} from '../../store/roles.ts';
import { jsonAnswer } from '../answers/answer.ts';
import { RecordNotFound } from '../answers/refusals.ts';
import {
  hasQuery,
  idInAccount,
  idOfPath,
  paging,
  pathPart,
  queryText,
  queryTexts,
} from '../http/parameters.ts';
import { json, pagingAbout } from '../http/route-about.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { roleRecord } from './role-records.ts';

/** What `GET /roles/…` is asked: by the presence of a key, in this order. */
const verbs = ['graph', 'all', 'memberships', 'members'] as const;
export type RoleVerb = (typeof verbs)[number] | 'show';

/** `GET /roles/:account/:kind/:id`, with `?graph`, `?all`, `?memberships` and `?members`. */
export const roleRoute: Route = {
  method: 'GET',
  url: '/roles/:account/:kind/*',
  token: 'required',
  about: {
    summary: 'A role; or, by the presence of a key in the query, its members, memberships or graph.',
    group: 'Roles',
    parts: { kind: { about: 'The kind of the role.', schema: { enum: roleKinds } } },
    query: {
      graph: { about: 'All memberships in the roles that it has and that have it, as pairs.' },
      all: { about: 'The ids of all roles that it has, itself included.' },
      memberships: { about: 'The roles that it is a direct member of.' },
      members: { about: 'Its direct members.' },
      count: { about: 'How many there are, instead of them.' },
      search: { about: 'Of `members` and `memberships`: whose id or annotations hold these words.' },
      kind: { about: 'Of `members` and `memberships`: only of this kind; `kind[]` for several.' },
      filter: { about: 'Of `all` and `memberships`: only these ids; `filter[]` for several.' },
      ...pagingAbout,
    },
    answers: {
      200: json('The role, a list of grants, a list of ids, a list of pairs, or a count.', {}),
      404: 'There is no such role, or the caller must not know of it.',
      422: '`limit`, `offset` or `filter` cannot be read.',
    },
  },
  handle: async (call) => {
    const id = idOfPath(call.request, isRoleKind);
    return call.context.store.reads.run(async (sql) => {
      if (!(await isRoleVisible(sql, call.caller.roleId, id))) throw new RecordNotFound(id);
      return jsonAnswer(await answer(sql, call, id));
    });
  },
  audit: (call, failure) => [roleRecord(call, verbOf(call), failure)],
};

async function answer(sql: Sql, call: CallerCall, id: FullId): Promise<unknown> {
  const { request } = call;
  switch (verbOf(call)) {
    case 'graph':
      return readRoleGraph(sql, call.caller.roleId, id);
    case 'all':
      return listOrCount(call, await readAllRoles(sql, id, filterParameter(call)));
    case 'memberships':
      return listOrCount(call, await readMemberships(sql, id, grantFilter(call), filterParameter(call)));
    case 'members': {
      const filter = { ...grantFilter(call), ...pageOf(call) };
      if (hasQuery(request, 'count')) return { count: await countMembers(sql, id, filter) };
      return readMembers(sql, id, filter);
    }
    case 'show':
      return readRole(sql, id);
  }
}

function verbOf(call: CallerCall): RoleVerb {
  return verbs.find((verb) => hasQuery(call.request, verb)) ?? 'show';
}

function listOrCount(call: CallerCall, list: readonly unknown[]): unknown {
  return hasQuery(call.request, 'count') ? { count: list.length } : list;
}

function grantFilter({ request }: CallerCall): GrantFilter {
  return { search: queryText(request, 'search'), kinds: listParameter(request, 'kind') };
}

/** The ids that a list is narrowed to; null when the query has no filter. */
function filterParameter({ request }: CallerCall): readonly FullId[] | null {
  if (!hasQuery(request, 'filter[]') && !hasQuery(request, 'filter')) return null;
  return listParameter(request, 'filter').map((text) => idInAccount(text, pathPart(request, 'account')));
}

/** Without `limit` and `offset` a member list is whole. */
function pageOf({ request }: CallerCall): { readonly limit: number | null; readonly offset: number } {
  const asked = hasQuery(request, 'limit') || hasQuery(request, 'offset');
  return asked ? paging(request) : { limit: null, offset: 0 };
}

function listParameter(request: CallerCall['request'], name: string): readonly string[] {
  return [...queryTexts(request, `${name}[]`), ...queryTexts(request, name)];
}
