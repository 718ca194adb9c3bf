import { type FullId, fullId, roleIdOfLogin } from '../../core/ids.ts';
import { Problem } from '../../core/problem.ts';
import { isSameSecret } from '../../store/api-key.ts';
import { readCredentials } from '../../store/credentials.ts';
import { auditRecord } from '../audit/record.ts';
import { accountOfPath, bodyBytes, noRoute, pathPart } from '../http/parameters.ts';
import type { Call, Route } from '../http/route.ts';
import { signToken } from '../token/slosilo.ts';
import { base64Requested } from './base64-answer.ts';

const tokenTtlSeconds = 480;
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
  handle: async (call) => {
    const { context, request } = call;
    const login = loginOfPath(call);
    await checkApiKey(call, login);
    const now = Math.floor(context.wallClock() / 1000);
    const claims = { iat: now, sub: login, exp: now + tokenTtlSeconds };
    const token = JSON.stringify(signToken(await context.keyring.key(), claims));
    if (!base64Requested(request)) {
      return { status: 200, headers: { 'content-type': 'application/json' }, body: token };
    }
    const headers = { 'content-encoding': 'base64', 'content-type': 'text/plain' };
    return { status: 200, headers, body: Buffer.from(token).toString('base64') };
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

async function checkApiKey(call: Call, login: string): Promise<void> {
  const { context, request, address } = call;
  const account = accountOfPath(request);
  if (account !== context.account) throw credentialsInvalid();
  const credentials = await readCredentials(context.store, authenticatingRole(account, login), address);
  const apiKey = credentials?.apiKey ?? null;
  const given = bodyBytes(request);
  if (apiKey === null || !isSameSecret(given, apiKey.reveal())) throw credentialsInvalid();
  if (credentials?.originAllowed !== true) throw credentialsInvalid();
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
