import { issuerJson, issuerPolicy, issuersPolicy, sortIssuers } from '../../../core/issuers/issuer.ts';
import { Problem } from '../../../core/problem.ts';
import { listIssuers, readIssuer } from '../../../store/issuers.ts';
import { jsonAnswer } from '../../answers/answer.ts';
import { hasQuery, queryText } from '../../http/parameters.ts';
import { anyNumber, json, listOf, objectOf } from '../../http/route-about.ts';
import type { Route } from '../../http/route.ts';
import { requireAccess } from '../require-access.ts';
import {
  asForbidden,
  asMissing,
  issuerAccount,
  issuerMissing,
  issuerOfPath,
  issuerRecord,
  issuerSchema,
  switchedOff,
} from './issuer-call.ts';

/** `GET /issuers/:account[?sort=]`. */
export const listIssuersRoute: Route = {
  method: 'GET',
  url: '/issuers/:account',
  token: 'required',
  about: {
    summary: 'All issuers; the caller has `update` on the policy `conjur/issuers`.',
    group: 'Issuers',
    query: { sort: { about: 'The field that orders them, `id` unless told otherwise.' } },
    answers: {
      200: json(
        'The issuers, without the secret part of their credentials.',
        objectOf({ issuers: listOf(issuerSchema) }),
      ),
      400: 'There is no such field.',
      403: 'The caller has not the privilege.',
      404: switchedOff,
    },
  },
  handle: async (call) => {
    const account = issuerAccount(call);
    const { store } = call.context;
    const stored = await asForbidden(
      store.reads.run(async (sql) => {
        await requireAccess(sql, call.caller.roleId, 'update', issuersPolicy(account));
        return listIssuers(sql, store.dataKey, account);
      }),
    );
    const issuers = stored.map((issuer) => issuerJson(issuer, issuer.accessKeyId));
    const key = queryText(call.request, 'sort');
    const sorted = key === null || issuers.length === 0 ? issuers : sortIssuers(issuers, key);
    if (sorted === null) {
      throw new Problem(
        'request_malformed',
        `the sort key ${key ?? ''} is not a valid field of the issuer object`,
      );
    }
    return jsonAnswer({ issuers: sorted });
  },
  audit: (call, failure) => [issuerRecord(call, 'list', '*', failure)],
};

/** `GET /issuers/:account/:issuer[?projection=minimal]`. */
export const showIssuerRoute: Route = {
  method: 'GET',
  url: '/issuers/:account/:issuer',
  token: 'required',
  about: {
    summary: 'An issuer; the caller has `read` on the policy `conjur/issuers/<issuer>`.',
    group: 'Issuers',
    query: { projection: { about: '`minimal`: only `max_ttl`.' } },
    answers: {
      200: json('The issuer, without the secret part of its credentials.', {
        anyOf: [issuerSchema, objectOf({ max_ttl: anyNumber })],
      }),
      403: 'The caller sees the issuer, but has not `read` on it.',
      404: `There is no such issuer, or the caller must not know of it. ${switchedOff}`,
      422: 'There is no such projection.',
    },
  },
  handle: async (call) => {
    const account = issuerAccount(call);
    const id = issuerOfPath(call);
    const { store } = call.context;
    const issuer = await asMissing(
      store.reads.run(async (sql) => {
        await requireAccess(sql, call.caller.roleId, 'read', issuerPolicy(account, id));
        return readIssuer(sql, store.dataKey, account, id);
      }),
    );
    if (issuer === null) throw issuerMissing();
    if (!hasQuery(call.request, 'projection')) return jsonAnswer(issuerJson(issuer, issuer.accessKeyId));
    if (queryText(call.request, 'projection') !== 'minimal') {
      throw new Problem('content_unprocessable', 'Value provided for projection query param is invalid');
    }
    return jsonAnswer({ max_ttl: issuer.maxTtl });
  },
  audit: (call, failure) => [issuerRecord(call, 'fetch', issuerOfPath(call), failure)],
};
