import { createPublicKey, type KeyObject } from 'node:crypto';

/** The keys that tokens may be signed with, by their ids. */
export type Keys = ReadonlyMap<string, KeyObject>;

/** RSA only, as in Conjur: so no key can be taken for one of another algorithm. */
export const signatureAlgorithms: readonly string[] = ['RS256', 'RS384', 'RS512'];

const keysLimit = 100;
/** What is shorter is broken; what is longer costs more to check than anybody should make us spend. */
const modulusBits = { least: 2048, most: 8192 } as const;
const longestExponent = 8;

/**
 * The public RSA keys of a JWK Set (RFC 7517) that may check signatures. Others are passed over, and so are the private
 * parts of a key: nobody should publish them, and nobody needs them here. Of two keys with one id the first counts.
 */
export function readKeys(
  document: unknown,
): { readonly ok: true; readonly keys: Keys } | { readonly ok: false; readonly why: string } {
  const list = fieldOf(document, 'keys');
  if (!Array.isArray(list)) return { ok: false, why: 'it has no list of keys' };
  if (list.length > keysLimit) return { ok: false, why: `it has more than ${keysLimit} keys` };
  const keys = new Map<string, KeyObject>();
  for (const jwk of list) {
    const kid = fieldOf(jwk, 'kid');
    const key = typeof kid === 'string' && !keys.has(kid) ? publicKeyOf(jwk) : null;
    if (typeof kid === 'string' && key !== null) keys.set(kid, key);
  }
  return keys.size === 0 ? { ok: false, why: 'it has no RSA key with an id' } : { ok: true, keys };
}

function publicKeyOf(jwk: unknown): KeyObject | null {
  const [kty, use, alg, n, e] = ['kty', 'use', 'alg', 'n', 'e'].map((name) => fieldOf(jwk, name));
  if (kty !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') return null;
  if (use !== undefined && use !== 'sig') return null;
  if (alg !== undefined && !(typeof alg === 'string' && signatureAlgorithms.includes(alg))) return null;
  if (e.length > longestExponent) return null;
  try {
    const key = createPublicKey({ key: { kty, n, e }, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return bits >= modulusBits.least && bits <= modulusBits.most ? key : null;
  } catch {
    return null;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
