import { type FullId, fullId } from '../ids.ts';
import { jwtRefusals } from './jwt-refusals.ts';
import type { JwtSettings } from './jwt-settings.ts';
import { type AuthnRefusal, authnRefusals } from './refusals.ts';

/** The payload of a token whose signature was checked. */
export type Claims = Readonly<Record<string, unknown>>;

/** How far clocks may be apart before a token counts as not yet valid, seconds. An expiry is taken at its word. */
const clockSkewSeconds = 10;

/**
 * Checks what any token says of itself (RFC 7519, 4.1): `exp` must be there; `nbf` and `iat`, where they are there, must
 * have come; `iss` and `aud` must be the ones that are expected, where any are.
 */
export function checkRegisteredClaims(
  claims: Claims,
  expected: { readonly issuer: string | null; readonly audience: string | null },
  nowSeconds: number,
): AuthnRefusal | null {
  const { exp, nbf, iat, iss, aud } = claims;
  if (isMissing(exp)) return jwtRefusals.noMandatoryClaim('exp');
  if (expected.audience !== null && isMissing(aud)) return jwtRefusals.noMandatoryClaim('aud');
  if (!isTime(exp)) return jwtRefusals.notDecoded('exp is no number');
  if (exp <= nowSeconds) return jwtRefusals.expired();
  if (!hasCome(nbf, nowSeconds)) return jwtRefusals.notDecoded('Signature nbf has not been reached');
  if (!hasCome(iat, nowSeconds)) return jwtRefusals.notDecoded('Invalid iat');
  if (expected.issuer !== null && iss !== expected.issuer) return jwtRefusals.notDecoded('Invalid issuer');
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (expected.audience !== null && !audiences.includes(expected.audience)) {
    return jwtRefusals.notDecoded('Invalid audience');
  }
  return null;
}

/** The value at `a/b/c`, step by step into nested claims, or of the claim with this very name; undefined: there is none. */
export function claimAt(claims: Claims, path: string): unknown {
  let value: unknown = claims;
  for (const step of path.split('/')) {
    if (!isObject(value) || !Object.hasOwn(value, step))
      return Object.hasOwn(claims, path) ? claims[path] : undefined;
    value = value[step];
  }
  return value;
}

/**
 * The role that a token, or the URL it came to, names. A token names hosts only.
 *
 * @param login of the URL; null: it names nobody
 */
export function identityOf(
  account: string,
  claims: Claims,
  settings: JwtSettings,
  login: string | null,
): { readonly ok: true; readonly roleId: FullId } | AuthnRefusal {
  const { tokenAppProperty: property, identityPath } = settings;
  if ((property === null) === (login === null)) return jwtRefusals.identityMisconfigured();
  if (property === null) return roleOf(account, login ?? '');
  const identity = claimAt(claims, property);
  if (isMissing(identity)) return jwtRefusals.noIdentity(property);
  if (typeof identity !== 'string') return jwtRefusals.identityNotText(property, typeof identity);
  return roleOf(account, `host/${identityPath === '' ? identity : `${identityPath}/${identity}`}`);
}

function roleOf(account: string, login: string): ReturnType<typeof identityOf> {
  // What PostgreSQL cannot store is nobody's name; and names are bounded, as index entries are.
  if (login.includes('\0') || login.length > 1024) return authnRefusals.noRole('the named role');
  const host = login.startsWith('host/');
  const identifier = host ? login.slice('host/'.length) : login;
  if (identifier === '') return authnRefusals.noRole(login);
  return { ok: true, roleId: fullId(account, host ? 'host' : 'user', identifier) };
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

function hasCome(time: unknown, nowSeconds: number): boolean {
  return isMissing(time) || (isTime(time) && time <= nowSeconds + clockSkewSeconds);
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
