import { plain } from '../http/route-about.ts';
import { writeAs } from '../http/write-as.ts';
import { type FullId, fullId, parseFullId, roleIdOfLogin } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { type CallerRole, readAccess } from '../../store/access.ts';
import type { TransactionSql } from '../../store/connection.ts';
import { readRoleKind, rotateApiKey } from '../../store/credentials.ts';
import { textAnswer } from '../answers/answer.ts';
import { forbidden, RecordNotFound } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { accountOfPath, queryText } from '../http/parameters.ts';
import type { Call, Route } from '../http/route.ts';
import { credentialsInvalid } from './authenticate.ts';
import { basicHeader, requireBasic } from './basic.ts';

/**
 * `PUT /authn/:account/api_key`: a new API key, for oneself with Basic, for another role (`?role=`) with a token and the
 * privilege `update` on it. A token is not enough for oneself: it may have been stolen.
 */
export const rotateKey: Route = {
  method: 'PUT',
  url: '/authn/:account/api_key',
  effect: 'write',
  token: 'none',
  about: {
    summary: 'A new API key: for oneself by Basic authentication, for another role (`role`) with a token.',
    group: 'Authentication',
    query: { role: { about: 'Whose key, as `kind:identifier` or a full id.' } },
    answers: {
      200: plain('The new key; the old one is worth nothing any more.'),
      403: 'The caller sees the role, but has not `update` on it.',
      404: 'There is no such role, or the caller must not know of it.',
      405: 'The role has no credentials.',
    },
  },
  handle: async (call) => {
    const { store } = call.context;
    const other = roleParameter(call);
    const caller: CallerRole =
      basicHeader(call) === null ? await tokenCaller(call) : await requireBasic(call);
    const target = other ?? caller.roleId;
    if (target === caller.roleId && basicHeader(call) === null) {
      throw new Problem('credential_too_weak', 'Credential strength is insufficient');
    }
    const key = await writeAs(call.context, caller, async (sql) => {
      if (target !== caller.roleId) await requireUpdate(sql, caller.roleId, target);
      return rotateApiKey(sql, store.dataKey, target);
    });
    return textAnswer(key.reveal());
  },
  audit: (call, failure) => {
    const user = claimedRole(call);
    const target = queryText(call.request, 'role') ?? user;
    const whose = target === user ? 'their API key' : `the API key for ${target}`;
    return [
      auditRecord(call, {
        msgid: 'api-key',
        operation: 'rotate',
        user,
        subject: { role: target },
        failure,
        sentence: `${user} successfully rotated ${whose}`,
        attempt: `${user} failed to rotate ${whose}`,
      }),
    ];
  },
};

/** Whom the request says it comes from; for records of failures, where nothing more is known. */
export function claimedRole(call: Call): string {
  const account = accountOfPath(call.request);
  const basic = basicHeader(call);
  return basic === null ? fullId(account, 'user', 'not-found') : roleIdOfLogin(account, basic.login);
}

async function tokenCaller(call: Call): Promise<CallerRole> {
  const { tokens } = call.context;
  const caller = await tokens.callerOf(call.request.headers.authorization, call.address);
  if (caller === null) throw credentialsInvalid();
  return caller;
}

/** `role=kind:identifier`, or a full id. */
function roleParameter(call: Call): FullId | null {
  const text = queryText(call.request, 'role');
  if (text === null) return null;
  const id = parseFullId(text) ?? parseFullId(`${accountOfPath(call.request)}:${text}`);
  if (id === null) throw new Problem('argument_invalid', `role: "${text}" is not kind:identifier`);
  return id;
}

async function requireUpdate(sql: TransactionSql, caller: FullId, target: FullId): Promise<void> {
  const access = await readAccess(sql, caller, 'update', target);
  const kind = await readRoleKind(sql, target);
  if (kind === 'missing' || !access.visible) throw new RecordNotFound(target);
  if (!access.allowed) throw forbidden();
  if (kind === 'without credentials') {
    throw new Problem('method_not_allowed', `${target} has no credentials that could be rotated.`);
  }
}
