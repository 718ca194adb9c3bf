import {
  createHash,
  constants,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import type { SigningKey } from '../../store/signing-key.ts';

/** What a token says. Seconds since 1970. */
export interface TokenClaims {
  readonly iat: number;
  readonly sub: string;
  readonly exp?: number;
  /** The incarnation of the role (a UUID); tokens of other makers carry none. */
  readonly jti?: string;
  readonly cidr?: readonly string[];
}

/** A token on the wire: three parts in url-safe base64 *with* padding, which the official clients rely on. */
export interface TokenParts {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

const algorithm = 'conjur.org/slosilo/v2';
const saltBytes = 32;
const rsaBytes = 256;
const defaultTtlSeconds = 480;
const knownClaims: ReadonlySet<string> = new Set(['iat', 'exp', 'cidr', 'sub', 'iss', 'aud', 'jti']);
/** SHA-256 in hex. */
const fingerprint = /^[\da-f]{64}$/;
const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;
const padding = constants.RSA_PKCS1_PADDING;

/**
 * Signs claims in the format slosilo v2: the digest of salt and text, bare, under PKCS#1 v1.5 type-1 padding, with the salt
 * behind it. (A signature as `crypto.sign` makes it has a DigestInfo in front of the digest, which slosilo has not.)
 */
export function signToken(key: SigningKey, claims: TokenClaims): TokenParts {
  const header = encode(Buffer.from(JSON.stringify({ alg: algorithm, kid: key.fingerprint })));
  const payload = encode(Buffer.from(JSON.stringify(claims)));
  const salt = randomBytes(saltBytes);
  const signed = privateEncrypt({ key: key.privateKey.reveal(), padding }, digest(salt, header, payload));
  return { protected: header, payload, signature: encode(Buffer.concat([signed, salt])) };
}

/**
 * The claims of a token whose signature holds. Expiry is not looked at: see `expiryOf`.
 *
 * @throws Problem `token_invalid`
 */
export function verifyToken(key: SigningKey, token: TokenParts): TokenClaims {
  const header = parseObject(token.protected);
  if (header?.['alg'] !== algorithm || header['kid'] !== key.fingerprint) throw invalid();
  const signature = Buffer.from(token.signature, 'base64url');
  if (signature.length !== rsaBytes + saltBytes) throw invalid();
  const expected = digest(signature.subarray(rsaBytes), token.protected, token.payload);
  let found: Buffer;
  try {
    found = publicDecrypt({ key: key.publicKey, padding }, signature.subarray(0, rsaBytes));
  } catch {
    throw invalid(); // a padding that is none: not signed with this key
  }
  if (found.length !== expected.length || !timingSafeEqual(found, expected)) throw invalid();
  return claimsOf(parseObject(token.payload));
}

/** Seconds since 1970 after which the token counts no more. */
export function expiryOf(claims: TokenClaims): number {
  return claims.exp ?? claims.iat + defaultTtlSeconds;
}

/** The fingerprint of the key that a token says it was signed with, null when it says none. */
export function keyIdOf(token: TokenParts): string | null {
  const kid = parseObject(token.protected)?.['kid'];
  return typeof kid === 'string' && fingerprint.test(kid) ? kid : null;
}

/** Reads the JSON of a token, null when it is none. */
export function parseToken(json: string): TokenParts | null {
  const parts = parseJsonObject(json);
  const { protected: header, payload, signature } = parts ?? {};
  if (typeof header !== 'string' || typeof payload !== 'string' || typeof signature !== 'string') return null;
  return { protected: header, payload, signature };
}

function claimsOf(payload: Readonly<Record<string, unknown>> | null): TokenClaims {
  if (payload === null) throw invalid();
  if (Object.keys(payload).some((name) => !knownClaims.has(name))) {
    throw new Problem('token_invalid', 'token contains unrecognized claims');
  }
  const { iat, sub, exp, cidr, jti } = payload;
  if (typeof iat !== 'number' || typeof sub !== 'string') throw invalid();
  if (exp !== undefined && typeof exp !== 'number') throw invalid();
  if (jti !== undefined && (typeof jti !== 'string' || !uuid.test(jti))) throw invalid();
  return {
    iat,
    sub,
    ...(exp === undefined ? {} : { exp }),
    ...(jti === undefined ? {} : { jti }),
    ...(cidr === undefined ? {} : { cidr: listOfTexts(cidr) }),
  };
}

function listOfTexts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((entry) => {
    if (typeof entry !== 'string') throw invalid();
    return entry;
  });
}

function digest(salt: Buffer, header: string, payload: string): Buffer {
  return createHash('sha256').update(salt).update(`${header}.${payload}`).digest();
}

/** Url-safe alphabet, padded. */
function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function parseObject(part: string): Readonly<Record<string, unknown>> | null {
  return parseJsonObject(Buffer.from(part, 'base64url').toString());
}

function parseJsonObject(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null; // not JSON is an answer here, not a fault
  }
}

function invalid(): Problem {
  return new Problem('token_invalid', 'Unauthorized: Invalid token');
}
