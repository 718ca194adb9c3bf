import type { ProtectedHeaderParameters } from 'jose';
import type { Claims } from '../../../core/authn/jwt-claims.ts';
import { jwtRefusals } from '../../../core/authn/jwt-refusals.ts';
import type { KeySource } from '../../../core/authn/jwt-settings.ts';
import type { AuthnRefusal } from '../../../core/authn/refusals.ts';
import type { Service } from '../../../core/authn/service.ts';
import type { KeySets } from './key-sets.ts';
import { signatureAlgorithms } from './read-keys.ts';

/** A token that one of the service's keys has signed. Nothing that it claims was looked at yet. */
export interface SignedToken {
  readonly ok: true;
  readonly claims: Claims;
  /** What the provider of the key calls itself, where it says so. */
  readonly issuer: string | null;
}

/** No token of a workload is larger; and before it is checked, anybody may have sent it. */
const tokenLimit = 64 * 1024;
const keyIdLimit = 1024;

/** Checks the signature of a compact JWS (RFC 7515) whose payload is a JSON object. */
export async function verifyToken(
  keySets: KeySets,
  service: Service,
  source: KeySource,
  token: string,
): Promise<SignedToken | AuthnRefusal> {
  if (token.length > tokenLimit) return jwtRefusals.notDecoded('the token is too large');
  if (token.split('.').length !== 3) return jwtRefusals.noToken();
  // Loaded with the first token: most workers never see one, and each should start at once.
  const { compactVerify } = await import('jose/jws/compact/verify');
  const header = await headerOf(token);
  if (header === null) return jwtRefusals.notDecoded('Invalid segment encoding');
  if (typeof header.alg !== 'string' || !signatureAlgorithms.includes(header.alg)) {
    return jwtRefusals.notDecoded('Expected a different algorithm');
  }
  const { kid } = header;
  if (typeof kid !== 'string' || kid === '' || kid.length > keyIdLimit) {
    return jwtRefusals.notDecoded('No key id (kid) found from token headers');
  }
  const set = await keySets.setFor(service, source, kid);
  if (!set.ok) return set;
  const key = set.keys.get(kid);
  if (key === undefined) return jwtRefusals.notDecoded('Could not find public key for the key id (kid)');
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [...signatureAlgorithms] });
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    if (!isClaims(claims)) return jwtRefusals.notDecoded('Invalid payload');
    return { ok: true, claims, issuer: set.issuer };
  } catch {
    return jwtRefusals.notDecoded('Signature verification failed'); // what jose says may quote the token
  }
}

async function headerOf(token: string): Promise<ProtectedHeaderParameters | null> {
  const { decodeProtectedHeader } = await import('jose/decode/protected_header');
  try {
    return decodeProtectedHeader(token);
  } catch {
    return null;
  }
}

function isClaims(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
