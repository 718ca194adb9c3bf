import { type FullId, kindOf } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import {
  createHostFactoryTokens,
  deleteHostFactoryToken,
  readFactoryOfToken,
} from '../../store/host-factory-tokens.ts';
import { emptyAnswer, jsonAnswer } from '../answers/answer.ts';
import { auditRecord } from '../audit/record.ts';
import { requestFields } from '../http/body-fields.ts';
import { isoSeconds } from '../http/iso-instant.ts';
import { noRoute, pathPart } from '../http/parameters.ts';
import { anyNumber, anyText, fields, json, listOf, objectOf } from '../http/route-about.ts';
import type { CallerCall, Route } from '../http/route.ts';
import { writeAs } from '../http/write-as.ts';
import { factoryField, tokenFields } from './host-factory-fields.ts';
import { requireAccess } from './require-access.ts';

/** The factory that a request is about, for its audit record. */
const factories = new WeakMap<CallerCall['request'], FullId>();

/** `POST /host_factory_tokens`: tokens with which hosts can be made, for whoever has `execute` on the factory. */
export const createTokens: Route = {
  method: 'POST',
  url: '/host_factory_tokens',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Tokens of a host factory.',
    group: 'Host factories',
    body: fields(
      'Which factory, until when, and how many.',
      objectOf({ host_factory: anyText, expiration: anyText, count: anyNumber, cidr: listOf(anyText) }, [
        'count',
        'cidr',
      ]),
    ),
    answers: {
      200: json(
        'The tokens.',
        listOf(objectOf({ expiration: anyText, cidr: listOf(anyText), token: anyText })),
      ),
      403: 'The caller sees the factory, but has not `execute` on it.',
      404: 'There is no such factory, or the caller must not know of it.',
      422: 'A field is missing or wrong, or the expiration is in the past.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    requireHostFactories(call);
    const { store } = call.context;
    const given = requestFields(call.request);
    const factoryId = factoryField(given);
    factories.set(call.request, factoryId);
    const tokens = await writeAs(call.context, call.caller, async (sql) => {
      await requireAccess(sql, call.caller.roleId, null, factoryId);
      if (kindOf(factoryId) !== 'host_factory') {
        throw new Problem('argument_invalid', `Invalid resource kind: ${kindOf(factoryId)}`);
      }
      await requireAccess(sql, call.caller.roleId, 'execute', factoryId);
      const { expiresAt, count, cidr } = tokenFields(given, call.context.wallClock());
      const token = { factoryId, cidr, expiresAtMs: expiresAt.ms };
      const secrets = await createHostFactoryTokens(sql, store.dataKey, token, count);
      const expiration = isoSeconds(expiresAt.ms);
      return secrets.map((secret) => ({ expiration, cidr, token: secret.reveal() }));
    });
    return jsonAnswer(tokens);
  },
  audit: (call, failure) => [tokenRecord(call, 'create-token', failure)],
};

/** `DELETE /host_factory_tokens/:token`: revokes it, for whoever has `update` on its factory. */
export const revokeToken: Route = {
  method: 'DELETE',
  url: '/host_factory_tokens/:token',
  effect: 'write',
  token: 'required',
  about: {
    summary: 'Revokes a token of a host factory.',
    group: 'Host factories',
    answers: {
      204: 'From now on nobody makes a host with it.',
      403: 'The caller sees the factory, but has not `update` on it.',
      404: 'There is no such token, or the caller must not know of its factory.',
    },
  },
  checksCaller: true,
  handle: async (call) => {
    requireHostFactories(call);
    const token = new Secret(pathPart(call.request, 'token'));
    await writeAs(call.context, call.caller, async (sql) => {
      const factoryId = await readFactoryOfToken(sql, token);
      if (factoryId === null) throw noSuchToken();
      factories.set(call.request, factoryId);
      await requireAccess(sql, call.caller.roleId, 'update', factoryId);
      if (!(await deleteHostFactoryToken(sql, token))) throw noSuchToken();
    });
    return emptyAnswer(204);
  },
  audit: (call, failure) => [tokenRecord(call, 'revoke-token', failure)],
};

/** Where host factories are switched off, their routes are not there. */
export function requireHostFactories(call: Pick<CallerCall, 'context'>): void {
  if (!call.context.settings.hostFactories) throw noRoute();
}

function noSuchToken(): Problem {
  return new Problem('record_not_found', 'There is no such host factory token.');
}

function tokenRecord(
  call: CallerCall,
  operation: 'create-token' | 'revoke-token',
  failure: unknown,
): ReturnType<typeof auditRecord> {
  const user = call.caller.roleId;
  const factory = factories.get(call.request);
  const of = factory ?? 'an unknown host factory';
  const [did, tried] = operation === 'create-token' ? ['created', 'create'] : ['revoked', 'revoke'];
  return auditRecord(call, {
    msgid: 'host-factory',
    operation,
    user,
    subject: factory === undefined ? {} : { resource: factory },
    failure,
    sentence: `${user} ${did} a token of ${of}`,
    attempt: `${user} failed to ${tried} a token of ${of}`,
  });
}
