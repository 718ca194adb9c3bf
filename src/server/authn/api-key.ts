import { type FullId, fullId, parseFullId } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { type CallerRole, callerExists, readAccess } from '../../store/access.ts';
import type { Sql, TransactionSql } from '../../store/connection.ts';
import { type KeyState, readKeyState, rotateApiKey } from '../../store/credentials.ts';
import { roleExists } from '../../store/exists.ts';
import { jsonAnswer, textAnswer } from '../answers/answer.ts';
import { forbidden } from '../answers/refusals.ts';
import { auditRecord } from '../audit/record.ts';
import { isoSeconds } from '../http/iso-instant.ts';
import { accountOfPath, idInAccount, pathPart, queryText } from '../http/parameters.ts';
import { anyText, json, objectOf, plain } from '../http/route-about.ts';
import type { Call, MaybeCallerCall, Route } from '../http/route.ts';
import { writeAs } from '../http/write-as.ts';
import { authenticatingRole, credentialsInvalid } from './authenticate.ts';
import { basicHeader, requireBasic } from './basic.ts';

const query = { role: { about: 'Whose key, as `kind:identifier` or a full id.' } };
const refusals = {
  401: 'For oneself with a token, or for another role by Basic authentication.',
  403: 'The caller sees the role, but has not `update` on it.',
  404: 'There is no such role, or the caller must not know of it.',
  405: 'The role has no API key.',
};

/** The routes of API keys. Whichever authenticator a client uses, the key is that of Conjur itself. */
export const apiKeyRoutes: readonly Route[] = [
  '/authn/:account/api_key',
  '/:authenticator(^authn-[A-Za-z0-9_.-]+$)/:account/api_key',
].flatMap((url) => [rotateKey(url), lastRotated(url)]);

/**
 * `PUT …/api_key`: a new API key, for oneself with Basic, for another role (`?role=`) with a token and the privilege
 * `update` on it. A token is not enough for oneself: it may have been stolen.
 */
function rotateKey(url: string): Route {
  return {
    method: 'PUT',
    url,
    effect: 'write',
    token: 'optional',
    about: {
      summary: 'A new API key: for oneself by Basic authentication, for another role (`role`) with a token.',
      group: 'Authentication',
      query,
      answers: { 200: plain('The new key; the old one is worth nothing any more.'), ...refusals },
    },
    handle: async (call) => {
      const { caller, target } = await whoseKey(call);
      const { dataKey } = call.context.store;
      const key = await writeAs(call.context, caller, async (sql) => {
        const state = await requireUpdate(sql, caller.roleId, target);
        if (state.kind === 'without key') {
          throw new Problem('method_not_allowed', `CONJ00170E Role '${target}' does not have an API key`);
        }
        return rotateApiKey(sql, dataKey, target);
      });
      return textAnswer(key.reveal());
    },
    audit: (call, failure) => [rotationRecord(call, failure)],
  };
}

/** `GET …/api_key`: when the key was last rotated, for whoever may rotate it. */
function lastRotated(url: string): Route {
  return {
    method: 'GET',
    url,
    token: 'optional',
    about: {
      summary: 'When an API key was last rotated, for whoever may rotate it.',
      group: 'Authentication',
      query,
      answers: {
        200: json('The role, and the time.', objectOf({ role: anyText, timestamp: anyText })),
        ...refusals,
      },
    },
    handle: async (call) => {
      const { caller, target } = await whoseKey(call);
      return call.context.store.reads.run(async (sql) => {
        if (!(await callerExists(sql, caller))) throw forbidden();
        const { updatedAtMs } = await requireUpdate(sql, caller.roleId, target);
        return jsonAnswer({ role: target, timestamp: isoSeconds(updatedAtMs) });
      });
    },
  };
}

/** Whom the request says it comes from; for records of failures, where nothing more is known. */
export function claimedRole(call: Call): FullId {
  const account = pathPart(call.request, 'account');
  const basic = basicHeader(call);
  return basic === null ? fullId(account, 'user', 'not-found') : authenticatingRole(account, basic.login);
}

/** The caller, and the role whose key it asks for. */
async function whoseKey(
  call: MaybeCallerCall,
): Promise<{ readonly caller: CallerRole; readonly target: FullId }> {
  const byBasic = basicHeader(call) !== null;
  const caller: CallerRole | null = byBasic ? await requireBasic(call) : call.caller;
  if (caller === null) throw credentialsInvalid();
  const text = queryText(call.request, 'role');
  const target = text === null ? caller.roleId : idInAccount(text, accountOfPath(call.request));
  if (text !== null && !(await call.context.store.reads.run((sql) => roleExists(sql, target)))) {
    throw notFound(text, caller.roleId);
  }
  if (target === caller.roleId && !byBasic) {
    throw new Problem('credential_too_weak', 'Credential strength is insufficient');
  }
  if (target !== caller.roleId && byBasic) {
    throw new Problem('credentials_invalid', 'Operation attempted against foreign user');
  }
  return { caller, target };
}

/** Everybody may what concerns the own key. @throws Problem `record_not_found`, `forbidden`, `method_not_allowed` */
async function requireUpdate(
  sql: Sql | TransactionSql,
  caller: FullId,
  target: FullId,
): Promise<Extract<KeyState, { updatedAtMs: number }>> {
  const access = await readAccess(sql, caller, 'update', target);
  const state = await readKeyState(sql, target);
  if (state.kind === 'missing' || (target !== caller && !access.visible)) throw notFound(target, caller);
  if (target !== caller && !access.allowed) throw forbidden();
  if (state.kind !== 'without credentials') return state;
  throw new Problem('method_not_allowed', `CONJ00126E Role '${target}' is not applicable for key rotation`);
}

function notFound(wanted: string, caller: FullId): Problem {
  return new Problem(
    'record_not_found',
    `CONJ00123E Resource '${wanted}' requested by role '${caller}' not found`,
  );
}

function rotationRecord(call: MaybeCallerCall, failure: unknown): ReturnType<typeof auditRecord> {
  const user = basicHeader(call) === null ? (call.caller?.roleId ?? claimedRole(call)) : claimedRole(call);
  const role = queryText(call.request, 'role');
  const inAccount = parseFullId(`${pathPart(call.request, 'account')}:${role}`);
  const target = role === null ? user : (parseFullId(role) ?? inAccount ?? role);
  const whose = target === user ? 'their API key' : `the api key for ${target}`;
  return auditRecord(call, {
    msgid: 'api-key',
    operation: 'rotate',
    user,
    subject: { role: target },
    failure,
    sentence: `${user} successfully rotated ${whose}`,
    attempt: `${user} failed to rotate ${whose}`,
  });
}
