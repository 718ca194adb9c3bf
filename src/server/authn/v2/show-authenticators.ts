import { authenticatorJson, type StoredAuthenticator } from '../../../core/authn/authenticator-json.ts';
import { longType, shownVariables } from '../../../core/authn/authenticator-types.ts';
import { type Service, webserviceOf } from '../../../core/authn/service.ts';
import type { FullId } from '../../../core/ids.ts';
import { Problem } from '../../../core/problem.ts';
import { type AuthenticatorFilter, readAuthenticators } from '../../../store/authenticator-list.ts';
import type { Sql, TransactionSql } from '../../../store/connection.ts';
import type { ServerContext } from '../../context.ts';
import { v2MediaType } from '../../http/media-types.ts';
import { requireV2, v2Answer } from '../../http/version-2.ts';
import { accountOfPath, hasQuery, paging, pathPart, queryText } from '../../http/parameters.ts';
import type { CallerCall, Route } from '../../http/route.ts';
import { anyNumber, listOf, objectOf, pagingAbout } from '../../http/route-about.ts';
import { authenticatorContent, authenticatorSchema } from './authenticator-about.ts';
import { serviceNamed, authenticatorRecord } from './v2-call.ts';

/** `GET /authenticators/:account[?type=&limit=&offset=]`: the services that the caller sees. */
export const listV2: Route = {
  method: 'GET',
  url: '/authenticators/:account',
  token: 'required',
  about: {
    summary: 'The authenticators of an account that the caller sees.',
    group: 'Authenticators',
    query: { type: { about: 'Only of this type, such as `jwt`.' }, ...pagingAbout },
    answers: {
      200: {
        about: 'A page of them, and how many there are altogether.',
        content: {
          [v2MediaType]: objectOf({ authenticators: listOf(authenticatorSchema), count: anyNumber }),
        },
      },
      400: 'The Accept header does not name version 2.',
    },
  },
  handle: async (call) => {
    requireV2(call.request, ['limit', 'offset', 'type']);
    const type = queryText(call.request, 'type');
    const paged = hasQuery(call.request, 'limit') || hasQuery(call.request, 'offset');
    const most = call.context.settings.listLimitMax;
    const { limit, offset } = paged ? paging(call.request) : { limit: most, offset: 0 };
    const filter = {
      account: accountOfPath(call.request),
      type: type === null ? null : longType(type),
      webserviceId: null,
      limit: Math.min(limit ?? most, most),
      offset,
    };
    const { found, count } = await read(call, filter);
    return v2Answer({ authenticators: found.map(authenticatorJson), count });
  },
  audit: (call, failure) => [authenticatorRecord(call, 'list', 'authenticators', failure)],
};

/** `GET /authenticators/:account/:type/:service`. */
export const showV2: Route = {
  method: 'GET',
  url: '/authenticators/:account/:type/:service',
  token: 'required',
  about: {
    summary: 'An authenticator.',
    group: 'Authenticators',
    answers: {
      200: authenticatorContent,
      400: 'The Accept header does not name version 2.',
      404: 'There is no such authenticator, or the caller must not know of it.',
    },
  },
  handle: async (call) => {
    requireV2(call.request);
    const name = pathPart(call.request, 'service');
    const service = serviceNamed(call);
    if (service === null) throw noAuthenticator(call, name);
    const { reads } = call.context.store;
    const found = await reads.run((sql) => findAuthenticator(call.context, sql, call.caller.roleId, service));
    if (found === null) throw noAuthenticator(call, name);
    return v2Answer(authenticatorJson(found));
  },
  audit: (call, failure) => [authenticatorRecord(call, 'get', whatOf(call), failure)],
};

/** `authn-jwt ci`, as records name a service. */
export function whatOf(call: CallerCall): string {
  return `${longType(pathPart(call.request, 'type'))} ${pathPart(call.request, 'service')}`;
}

/** The refusal for a service that is not there, or that the caller must not know of. */
export function noAuthenticator(call: CallerCall, name: string): Problem {
  const account = pathPart(call.request, 'account');
  return new Problem('authenticator_missing', `Authenticator: ${name} not found in account '${account}'`);
}

/** A service as `role` sees it; null: it does not. */
export async function findAuthenticator(
  { store }: ServerContext,
  sql: Sql | TransactionSql,
  role: FullId,
  service: Service,
): Promise<StoredAuthenticator | null> {
  const { account, type } = service;
  const filter = { account, type, webserviceId: webserviceOf(service), limit: 1, offset: 0 };
  const { found } = await readAuthenticators(sql, store.dataKey, role, filter, shownVariables());
  return found[0] ?? null;
}

function read(call: CallerCall, filter: AuthenticatorFilter): ReturnType<typeof readAuthenticators> {
  const { reads, dataKey } = call.context.store;
  return reads.run((sql) => readAuthenticators(sql, dataKey, call.caller.roleId, filter, shownVariables()));
}
