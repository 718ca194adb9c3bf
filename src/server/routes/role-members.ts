import { accountOf, type FullId, isRoleKind } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { readAccess } from '../../store/access.ts';
import type { TransactionSql } from '../../store/connection.ts';
import { roleExists } from '../../store/exists.ts';
import { addMember, readPolicyOf, removeMember } from '../../store/role-members.ts';
import { isRoleVisible } from '../../store/roles.ts';
import { type Answer, emptyAnswer } from '../answers/answer.ts';
import { forbidden, RecordNotFound } from '../answers/refusals.ts';
import { hasQuery, idOfPath, noRoute, queryRole } from '../http/parameters.ts';
import type { CallerCall, Route } from '../http/route.ts';
import type { RouteAbout } from '../http/route-about.ts';
import { writeRolesAs } from '../http/write-as.ts';
import { memberRecord } from './role-records.ts';

const query = {
  members: { about: 'Must be there.', required: true },
  member: { about: 'The full id of the member.', required: true },
} as const;

/** Requests that found the membership there already: they changed nothing, and the trail says nothing. */
const unchanged = new WeakSet<CallerCall['request']>();

/** `POST /roles/:account/:kind/:id?members&member=`: grants the role, for whoever has `create` on its policy. */
export const addMemberRoute: Route = {
  method: 'POST',
  url: '/roles/:account/:kind/*',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Grants the role to a member.',
    group: 'Roles',
    query,
    answers: {
      204: 'The member has the role; perhaps it had it before.',
      404: 'There is no such role or member, or the caller must not know of the role.',
      ...refusals('create'),
    },
  },
  checksCaller: true,
  handle: (call) =>
    changeMembers(call, 'create', async (sql, roleId, memberId) => {
      if (!(await roleExists(sql, memberId))) throw new RecordNotFound(memberId);
      if (!(await addMember(sql, roleId, memberId))) unchanged.add(call.request);
    }),
  audit: (call, failure) => (unchanged.has(call.request) ? [] : [memberRecord(call, 'add', failure)]),
};

/** `DELETE /roles/:account/:kind/:id?members&member=`: takes it back, for whoever has `update` on its policy. */
export const removeMemberRoute: Route = {
  method: 'DELETE',
  url: '/roles/:account/:kind/*',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Takes the role from a member.',
    group: 'Roles',
    query,
    answers: {
      204: 'The member has this grant no more.',
      404: 'There is no such role or grant, or the caller must not know of the role.',
      ...refusals('update'),
    },
  },
  checksCaller: true,
  handle: (call) =>
    changeMembers(call, 'update', async (sql, roleId, memberId) => {
      if ((await removeMember(sql, roleId, memberId)) === null) throw new RecordNotFound(memberId);
    }),
  audit: (call, failure) => [memberRecord(call, 'remove', failure)],
};

/** Changes who has a role, for whoever has the privilege on its policy. */
async function changeMembers(
  call: CallerCall,
  privilege: 'create' | 'update',
  change: (sql: TransactionSql, roleId: FullId, memberId: FullId) => Promise<void>,
): Promise<Answer> {
  const { roleId, memberId } = idsOf(call);
  await writeRolesAs(call.context, call.caller, accountOf(roleId), async (sql) => {
    await requireOnPolicy(sql, call, privilege, roleId);
    await change(sql, roleId, memberId);
  });
  return emptyAnswer(204);
}

function refusals(privilege: 'create' | 'update'): RouteAbout['answers'] {
  return {
    403: `The caller sees the role, but has not \`${privilege}\` on the policy that it belongs to.`,
    409: 'A policy load is under way; Retry-After says when to try again.',
    422: 'No member is named.',
  };
}

function idsOf({ request }: CallerCall): { readonly roleId: FullId; readonly memberId: FullId } {
  const roleId = idOfPath(request, isRoleKind);
  if (!hasQuery(request, 'members')) throw noRoute();
  const memberId = queryRole(request, 'member');
  if (memberId === null) throw new Problem('argument_invalid', 'member: name the full id of the member');
  return { roleId, memberId };
}

/** Who may not see the role learns nothing; who sees it needs the privilege on the policy that its resource belongs to. */
async function requireOnPolicy(
  sql: TransactionSql,
  { caller }: CallerCall,
  privilege: 'create' | 'update',
  roleId: FullId,
): Promise<void> {
  if (!(await isRoleVisible(sql, caller.roleId, roleId))) throw new RecordNotFound(roleId);
  const policyId = await readPolicyOf(sql, roleId);
  if (policyId === null) throw forbidden();
  const { allowed } = await readAccess(sql, caller.roleId, privilege, policyId);
  if (!allowed) throw forbidden();
}
