import { type FullId, fullId, roleIdOfLogin } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { isSameSecret } from '../../store/api-key.ts';
import { readCredentials } from '../../store/credentials.ts';
import { auditRecord } from '../audit/record.ts';
import { accountOfPath, bodyBytes, noRoute, pathPart } from '../http/parameters.ts';
import type { Call, Route } from '../http/route.ts';
import { plain } from '../http/route-about.ts';
import { type ProvedRole, tokenAnswer, tokenContent } from './token-answer.ts';

const suffix = '/authenticate';

/**
 * `POST /authn/:account/:login/authenticate`: an API key for a token. The login may hold slashes, encoded or not, so the
 * route is a wildcard that must end in `/authenticate`.
 */
export const authenticate: Route = {
  method: 'POST',
  url: '/authn/:account/*',
  effect: 'read',
  token: 'none',
  about: {
    summary: 'An access token for an API key.',
    group: 'Authentication',
    path: '/authn/{account}/{login}/authenticate',
    body: plain('The API key, as it is.'),
    answers: {
      200: tokenContent,
      401: 'Login or key is wrong, or the address is not one that the role is restricted to.',
    },
  },
  handle: async (call) => {
    return tokenAnswer(call, await provedByApiKey(call, loginOfPath(call)));
  },
  audit: (call, failure) => [authenticationRecord(call, 'authenticate', roleOfLogin(call), failure)],
};

/** Only `host/` and `user/` name a kind here; any other login is a user, slashes included. */
export function authenticatingRole(account: string, login: string): FullId {
  if (login.startsWith('host/') || login.startsWith('user/')) return roleIdOfLogin(account, login);
  return fullId(account, 'user', login);
}

/** The audit record of a login or an authentication. */
export function authenticationRecord(
  call: Call,
  operation: 'login' | 'authenticate',
  roleId: FullId,
  failure: unknown,
): ReturnType<typeof auditRecord> {
  return auditRecord(call, {
    msgid: 'authn',
    operation,
    user: roleId,
    auth: { authenticator: 'authn' },
    subject: { role: roleId },
    failure: failure === null ? null : credentialsInvalid(),
    sentence: `${roleId} successfully ${operation === 'login' ? 'logged in' : 'authenticated'} with authenticator authn`,
    attempt: `${roleId} failed to ${operation === 'login' ? 'login' : 'authenticate'} with authenticator authn`,
  });
}

/** One refusal for every reason, so that nobody learns which roles exist. */
export function credentialsInvalid(): Problem {
  return new Problem('credentials_invalid', 'CONJ00002E Invalid credentials');
}

async function provedByApiKey(call: Call, login: string): Promise<ProvedRole> {
  const { context, request, address } = call;
  const roleId = authenticatingRole(accountOfPath(request), login);
  const credentials = await readCredentials(context.store, roleId, address);
  const apiKey = credentials?.apiKey ?? null;
  const given = bodyBytes(request);
  if (apiKey === null || !isSameSecret(given, apiKey.reveal())) throw credentialsInvalid();
  if (credentials?.originAllowed !== true) throw credentialsInvalid();
  return { roleId, ...credentials };
}

function roleOfLogin(call: Call): FullId {
  return authenticatingRole(
    pathPart(call.request, 'account'),
    pathPart(call.request, '*').slice(0, -suffix.length),
  );
}

function loginOfPath(call: Call): string {
  const path = pathPart(call.request, '*');
  if (!path.endsWith(suffix) || path.length === suffix.length) throw noRoute();
  return path.slice(0, -suffix.length);
}
