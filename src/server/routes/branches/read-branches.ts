import { branchJson } from '../../../core/branches/branch.ts';
import { branchIdAt, policyAt } from '../../../core/branches/names.ts';
import { listBranches, readBranch } from '../../../store/branches.ts';
import { RecordNotFound } from '../../answers/refusals.ts';
import { treeRecord } from '../../audit/v2-record.ts';
import { accountOfPath, pathPart } from '../../http/parameters.ts';
import { anyNumber, listOf, objectOf, pagingAbout } from '../../http/route-about.ts';
import type { CallerCall, Route } from '../../http/route.ts';
import { queryOf, refuse, requireV2, v2Answer } from '../../http/version-2.ts';
import { branchSchema, headerMissing, v2Content, without } from './branch-about.ts';
import { branchPathOf, requireBranch, requireParent } from './branch-access.ts';

const limitMax = 1000;
const limitWithOffset = 10;

/** `GET /branches/:account`: the branches that the caller may read. */
export const listBranchesRoute: Route = {
  method: 'GET',
  url: '/branches/:account',
  token: 'required',
  about: {
    summary: 'The branches that the caller has `read` on, without the root.',
    group: 'Branches',
    query: pagingAbout,
    answers: {
      200: v2Content(
        'One page of them, ordered by path, and how many there are.',
        objectOf({ branches: listOf(branchSchema), count: anyNumber }),
      ),
      400: headerMissing,
      422: '`limit` or `offset` is no number, or too large.',
    },
  },
  handle: async (call) => {
    requireV2(call.request, ['offset', 'limit']);
    const account = accountOfPath(call.request);
    const page = pageOf(call);
    const { branches, count } = await call.context.store.reads.run((sql) =>
      listBranches(sql, call.caller.roleId, account, page),
    );
    return v2Answer({ branches: branches.map(branchJson), count });
  },
  audit: (call, failure) => [
    treeRecord(call, { type: 'branch', operation: 'list', name: 'root', body: null, failure }),
  ],
};

/** `GET /branches/:account/:path`. */
export const showBranchRoute: Route = {
  method: 'GET',
  url: '/branches/:account/*',
  token: 'required',
  about: {
    summary: 'A branch.',
    group: 'Branches',
    answers: { 200: v2Content('The branch.', branchSchema), 400: headerMissing, 404: without },
  },
  handle: async (call) => {
    requireV2(call.request);
    const at = branchPathOf(call);
    const branch = await call.context.store.reads.run(async (sql) => {
      await requireBranch(sql, call.caller.roleId, 'read', at);
      await requireParent(sql, at);
      return readBranch(sql, policyAt(at.account, at.path));
    });
    if (branch === null) throw new RecordNotFound(branchIdAt(at.account, at.path));
    return v2Answer(branchJson(branch));
  },
  audit: (call, failure) => [
    treeRecord(call, {
      type: 'branch',
      operation: 'get',
      name: pathPart(call.request, '*'),
      body: null,
      failure,
    }),
  ],
};

/** With neither of the two the page is as large as it may be; with `offset` alone it holds ten. */
function pageOf(call: CallerCall): { readonly limit: number; readonly offset: number } {
  const query = queryOf(call.request);
  const [limit, offset] = (['limit', 'offset'] as const).map((name) => wholeNumber(name, query.get(name)));
  if ((limit ?? 0) > limitMax) refuse(`Limit must be less than or equal to ${limitMax}`);
  return {
    limit: limit ?? (offset === undefined || offset === null ? limitMax : limitWithOffset),
    offset: offset ?? 0,
  };
}

function wholeNumber(name: 'limit' | 'offset', text: string | null): number | null {
  if (text === null) return null;
  const field = name === 'limit' ? 'Limit' : 'Offset';
  if (/^-\d{1,9}$/.test(text) && Number(text) < 0) refuse(`${field} must be greater than or equal to 0`);
  if (!/^\d{1,9}$/.test(text)) refuse(`${field} is not a number`);
  return Number(text);
}
