import type { Call } from '../http/route.ts';
import { accountOfPath } from '../http/parameters.ts';
import { isSameSecret } from '../../store/api-key.ts';
import type { CallerRole } from '../../store/access.ts';
import { type Credentials, readCredentials } from '../../store/credentials.ts';
import { authenticatingRole, credentialsInvalid } from './authenticate.ts';

/** A role that proved itself by its name and an API key or password. */
export interface BasicCaller extends CallerRole {
  readonly login: string;
  readonly credentials: Credentials;
}

/** Login and secret of a Basic header (RFC 7617), null when there is none; a name with a NUL is nobody's. */
export function basicHeader(call: Call): { readonly login: string; readonly secret: Buffer } | null {
  const encoded = /^Basic +([A-Za-z0-9+/=_-]+)\s*$/i.exec(call.request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const bytes = Buffer.from(encoded, 'base64');
  const colon = bytes.indexOf(0x3a);
  const login = bytes.subarray(0, colon);
  if (colon <= 0 || login.includes(0)) return null;
  return { login: login.toString(), secret: bytes.subarray(colon + 1) };
}

/**
 * Checks a Basic header: the API key first, which is cheap, then the password.
 *
 * @throws Problem `credentials_invalid`, whatever is wrong
 */
export async function requireBasic(call: Call): Promise<BasicCaller> {
  const { context, request, address } = call;
  const given = basicHeader(call);
  const account = accountOfPath(request);
  if (given === null) throw credentialsInvalid();
  const roleId = authenticatingRole(account, given.login);
  const credentials = await readCredentials(context.store, roleId, address);
  if (credentials === null) throw credentialsInvalid();
  const { apiKey, passwordHash } = credentials;
  const proved =
    (apiKey !== null && isSameSecret(given.secret, apiKey.reveal())) ||
    (passwordHash !== null && (await context.passwords.matches(given.secret, passwordHash.reveal())));
  if (!proved) throw credentialsInvalid();
  const { incarnation } = credentials;
  const issuedAt = Math.floor(context.wallClock() / 1000);
  return { roleId, incarnation, issuedAt, login: given.login, credentials };
}
