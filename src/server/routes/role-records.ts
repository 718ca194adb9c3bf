import { type FullId, fullId } from '../../core/ids.ts';
import type { AuditRecord } from '../../core/audit/audit-record.ts';
import { auditRecord } from '../audit/record.ts';
import { givenParameters, type Parameter, shownParameters, subjectOf } from '../audit/shown-parameters.ts';
import { pathPart, queryText } from '../http/parameters.ts';
import type { CallerCall } from '../http/route.ts';
import type { RoleVerb } from './roles.ts';

const lists = {
  members: { msgid: 'members', names: ['count', 'search', 'limit', 'offset'] },
  memberships: { msgid: 'membership', names: ['count', 'search', 'filter'] },
  all: { msgid: 'membership', names: ['count', 'search', 'filter'] },
} as const;

/** The record of a question about a role. */
export function roleRecord(call: CallerCall, verb: RoleVerb, failure: unknown): AuditRecord {
  return verb === 'show' || verb === 'graph' ? shown(call, failure) : listed(call, verb, failure);
}

/** The record of a membership that was given or taken, or was to be. */
export function memberRecord(call: CallerCall, operation: 'add' | 'remove', failure: unknown): AuditRecord {
  const user = call.caller.roleId;
  const role = roleOfPath(call);
  const member = queryText(call.request, 'member') ?? '';
  const words = `membership of ${member} in ${role}`;
  return auditRecord(call, {
    msgid: 'policy',
    operation,
    user,
    subject: { role, member },
    failure,
    sentence: `${user} ${operation === 'add' ? 'added' : 'removed'} ${words}`,
    attempt: `${user} failed to ${operation} ${words}`,
    notice: true,
  });
}

function shown(call: CallerCall, failure: unknown): AuditRecord {
  const user = call.caller.roleId;
  return auditRecord(call, {
    msgid: 'role',
    operation: 'get',
    user,
    subject: { role: roleOfPath(call) },
    failure,
    sentence: `${user} successfully fetched role details.`,
    attempt: `${user} failed to fetch role details`,
  });
}

function listed(call: CallerCall, verb: keyof typeof lists, failure: unknown): AuditRecord {
  const { request } = call;
  const user = call.caller.roleId;
  const { msgid, names } = lists[verb];
  const given = givenParameters(request, names);
  const isBeforeKind = ([name]: Parameter): boolean => name === 'count' || name === 'search';
  const parameters: readonly Parameter[] = [
    ['account', pathPart(request, 'account')],
    ...given.filter(isBeforeKind),
    ['kind', pathPart(request, 'kind')], // of the path: in Conjur it hides that of the query
    ...given.filter((parameter) => !isBeforeKind(parameter)),
    ['role', roleOfPath(call)],
  ];
  const what = verb === 'members' ? 'members' : 'memberships';
  return auditRecord(call, {
    msgid,
    operation: 'list',
    user,
    subject: subjectOf(parameters),
    failure,
    sentence: `${user} successfully listed ${what} with parameters: ${shownParameters(parameters)}`,
    attempt: `${user} failed to list ${what} with parameters: ${shownParameters(parameters)}`,
  });
}

function roleOfPath({ request }: CallerCall): FullId {
  return fullId(pathPart(request, 'account'), pathPart(request, 'kind'), pathPart(request, '*'));
}
