import { type NamedRole, namedRoleId } from '../../core/branches/branch.ts';
import { ownMemberFault, readMember, readNewMember, splitMemberPath } from '../../core/branches/member.ts';
import { branchOf, identifierOfPath } from '../../core/branches/names.ts';
import { membershipRow } from '../../core/branches/rows.ts';
import { type FullId, fullId, identifierOf, kindOf } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { readAccess } from '../../store/access.ts';
import { hasGrant, readBranch } from '../../store/branches.ts';
import { roleExists } from '../../store/exists.ts';
import type { TransactionSql } from '../../store/connection.ts';
import { applyChanges } from '../../store/policy-changes.ts';
import { emptyAnswer } from '../answers/answer.ts';
import { RecordNotFound } from '../answers/refusals.ts';
import { treeRecord } from '../audit/v2-record.ts';
import { accountOfPath, noRoute, pathPart } from '../http/parameters.ts';
import { anyText, objectOf } from '../http/route-about.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { accepted, bodyLine, refuse, requireV2, v2Answer, v2Fields } from '../http/version-2.ts';
import { writePoliciesAs } from '../http/write-as.ts';
import { headerMissing, v2Content } from './branches/branch-about.ts';
import { requireBranch } from './branches/branch-access.ts';

const memberSchema = objectOf({ kind: anyText, id: anyText });
const groupMissing =
  'There is no such group, the caller must not know of it, or has not the privilege on its branch.';

/** `POST /groups/:account/:path/members`: a grant, as the policy of the group would write it. */
export const addGroupMemberRoute: Route = {
  method: 'POST',
  url: '/groups/:account/*',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Adds a user, host or group to a group; the caller has `create` on the branch of the group.',
    group: 'Groups',
    path: '/groups/{account}/{identifier}/members',
    body: v2Content('The member.', memberSchema),
    answers: {
      201: v2Content('The member.', memberSchema),
      400: headerMissing,
      404: groupMissing,
      409: 'It is a member already, or a policy load is under way (then with Retry-After).',
      422: 'A field is missing, not known or wrong, or there is no such member.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    requireV2(call.request);
    const account = accountOfPath(call.request);
    const group = groupOf(call);
    if (group === null) throw noRoute();
    const asked = readNewMember(v2Fields(call.request));
    refuse(asked.fault);
    const memberId = await writePoliciesAs(call.context, call.caller, account, async (sql) => {
      await requireBranch(sql, call.caller.roleId, 'create', { account, path: branchOf(group) });
      const member = accepted(asked.read());
      refuse(ownMemberFault(group, member));
      const ids = await requireBoth(sql, call.caller.roleId, { account, group, member });
      if (await hasGrant(sql, ids.group, ids.member)) throw memberAlready(ids);
      const policyId = (await readBranch(sql, ids.group))?.policyId ?? null;
      await applyChanges(sql, [
        { op: 'insert', table: 'role_memberships', ...membershipRow(ids.group, ids.member, policyId) },
      ]);
      return ids.member;
    });
    return v2Answer({ kind: kindOf(memberId), id: identifierOf(memberId) }, 201);
  },
  audit: (call, failure) => [
    treeRecord(call, {
      type: 'membership',
      operation: 'create',
      name: groupOf(call) ?? '',
      body: bodyLine(call.request),
      failure,
    }),
  ],
};

/** `DELETE /groups/:account/:path/members/:kind/:id`: takes back a grant, whichever policy made it. */
export const removeGroupMemberRoute: Route = {
  method: 'DELETE',
  url: '/groups/:account/*',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Takes a member out of a group; the caller has `update` on the branch of the group.',
    group: 'Groups',
    path: '/groups/{account}/{identifier}/members/{kind}/{id}',
    parts: { kind: { about: 'The kind of the member.', schema: { enum: ['user', 'host', 'group'] } } },
    answers: {
      204: 'Taken out.',
      400: headerMissing,
      404: `${groupMissing} Or it is no member.`,
      409: 'A policy load is under way; Retry-After says when to try again.',
      422: 'There is no such member, or its kind is none that a member may have.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    requireV2(call.request);
    const account = accountOfPath(call.request);
    const named = splitMemberPath(pathPart(call.request, '*'));
    if (named === null) throw noRoute();
    await writePoliciesAs(call.context, call.caller, account, async (sql) => {
      await requireBranch(sql, call.caller.roleId, 'update', { account, path: branchOf(named.group) });
      const member = accepted(readMember(named.member));
      const ids = await requireBoth(sql, call.caller.roleId, { account, group: named.group, member });
      if (!(await hasGrant(sql, ids.group, ids.member))) throw noMember(ids);
      await applyChanges(sql, [
        {
          op: 'delete',
          table: 'role_memberships',
          roleId: ids.group,
          memberId: ids.member,
          ownership: false,
        },
      ]);
    });
    return emptyAnswer(204);
  },
  audit: (call, failure) => [
    treeRecord(call, {
      type: 'membership',
      operation: 'remove',
      name: splitMemberPath(pathPart(call.request, '*'))?.group ?? '',
      body: null,
      failure,
    }),
  ],
};

/** What stands before `/members`; null when the path ends otherwise. */
function groupOf({ request }: CallerCall): string | null {
  return /^(.+)\/members\/?$/.exec(pathPart(request, '*'))?.[1] ?? null;
}

interface Both {
  readonly group: FullId;
  readonly member: FullId;
}

/**
 * Group and member, both roles that the caller sees.
 *
 * @throws Problem `record_not_found` for the group; `content_unprocessable` for the member
 */
async function requireBoth(
  sql: TransactionSql,
  caller: FullId,
  named: { readonly account: string; readonly group: string; readonly member: NamedRole },
): Promise<Both> {
  const group = fullId(named.account, 'group', identifierOfPath(named.group));
  const member = namedRoleId(named.account, named.member);
  const isThere = async (id: FullId): Promise<boolean> =>
    (await readAccess(sql, caller, null, id)).visible && roleExists(sql, id);
  if (!(await isThere(group))) throw new RecordNotFound(group);
  if (!(await isThere(member))) refuse(new RecordNotFound(member).detail);
  return { group, member };
}

function memberAlready({ group, member }: Both): Problem {
  const who = `'/${identifierOf(member)}' (kind='${kindOf(member)}')`;
  return new Problem('record_exists', `CONJ00180W ${who} is already a member of '${group}'`);
}

function noMember({ group, member }: Both): Problem {
  const who = `'/${identifierOf(member)}' (kind='${kindOf(member)}')`;
  return new Problem('record_not_found', `${who} is not a member of '${group}'`);
}
