import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { NodeKind } from '../core/failover/cluster-state.ts';
import { Problem } from '../core/problem.ts';
import { Secret } from '../core/secret.ts';

const prefix = 'hf1_';
const checksumBytes = 4;
/** A token is some 300 characters; whatever is longer is not looked at. */
const maximalLength = 2_000;

/** What a machine that brings the token may become. */
const joinKinds: readonly NodeKind[] = ['standby', 'asynchronous', 'follower'];

/** What a token says to the machine that joins. */
export interface JoinToken {
  readonly id: string;
  readonly secret: Secret<string>;
  /** SHA-256 of the authority's certificate: how the newcomer knows that it talks to the right cluster. */
  readonly caFingerprint: string;
  readonly cluster: string;
  readonly kind: NodeKind;
  /** Wall clock, milliseconds since 1970: a promise to an operator, the one deadline that is not monotonic. */
  readonly expiresAtMs: number;
}

/** What the cluster keeps of a token: enough to recognise it, not enough to make it. */
export interface JoinTokenRecord {
  readonly id: string;
  /** SHA-256, hex. The secret has 256 random bits: nothing slower is needed. */
  readonly secretHash: string;
  readonly kind: NodeKind;
  readonly expiresAtMs: number;
  readonly cluster: string;
  /** The node that joined with it: a token is good for one. */
  readonly usedBy: string | null;
}

/** Makes a token: the text for the operator, shown once, and the record for the cluster. */
export function mintToken(options: {
  readonly cluster: string;
  readonly kind: NodeKind;
  readonly caFingerprint: string;
  readonly expiresAtMs: number;
}): { readonly text: Secret<string>; readonly record: JoinTokenRecord } {
  const { cluster, kind, caFingerprint, expiresAtMs } = options;
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const body = Buffer.from(
    JSON.stringify({
      id,
      secret,
      caFingerprint,
      cluster,
      kind,
      expiresAt: new Date(expiresAtMs).toISOString(),
    }),
  );
  return {
    text: new Secret(prefix + Buffer.concat([body, checksum(body)]).toString('base64url')),
    record: { id, secretHash: hash(secret).toString('hex'), kind, expiresAtMs, cluster, usedBy: null },
  };
}

/**
 * Reads what an operator pasted; white space around it does no harm.
 *
 * @throws Problem `token_invalid` that says what is wrong with it, never what it holds
 */
export function parseToken(text: string): JoinToken {
  const pasted = text.trim();
  if (!pasted.startsWith(prefix)) {
    throw invalid(
      /^hf\d+_/u.test(pasted)
        ? 'was made by another version of Holdfast. Make one with the version that runs on this machine.'
        : `does not begin with "${prefix}". Paste the whole text that "holdfast token create" printed.`,
    );
  }
  const encoded = pasted.slice(prefix.length);
  const bytes = Buffer.from(encoded, 'base64url');
  const body = bytes.subarray(0, -checksumBytes);
  // Node reads base64url leniently; a text that does not come back as it was holds characters that are none.
  const whole = pasted.length <= maximalLength && bytes.toString('base64url') === encoded;
  if (!whole || bytes.length <= checksumBytes || !checksum(body).equals(bytes.subarray(-checksumBytes))) {
    throw invalid('is incomplete or was altered. Paste the whole text again, without line breaks in it.');
  }
  const token = readBody(body);
  if (token === null)
    throw invalid('is not one that a cluster made. Make a new one with "holdfast token create".');
  return token;
}

export type TokenVerdict = 'ok' | 'unknown' | 'expired' | 'used' | 'wrong kind';

/**
 * Holds a token against the cluster's record of the same id (null: there is none). The secret is compared first and in
 * constant time: whoever does not know it learns nothing of the record.
 *
 * @param nowMs wall clock, milliseconds since 1970
 */
export function matchesRecord(token: JoinToken, record: JoinTokenRecord | null, nowMs: number): TokenVerdict {
  const given = hash(token.secret.reveal());
  const expected = Buffer.from(record?.secretHash ?? '', 'hex');
  if (record === null || expected.length !== given.length || !timingSafeEqual(given, expected))
    return 'unknown';
  if (record.id !== token.id || record.cluster !== token.cluster) return 'unknown';
  if (record.usedBy !== null) return 'used';
  if (nowMs >= record.expiresAtMs) return 'expired'; // the record's date: the token's own could be rewritten
  return record.kind === token.kind ? 'ok' : 'wrong kind';
}

function readBody(body: Buffer): JoinToken | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString());
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  const fields = new Map<string, unknown>(Object.entries(parsed));
  const text = (name: string): string => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : '';
  };
  const kind = joinKinds.find((known) => known === text('kind'));
  const expiresAtMs = Date.parse(text('expiresAt'));
  const [id, secret, caFingerprint, cluster] = [
    text('id'),
    text('secret'),
    text('caFingerprint'),
    text('cluster'),
  ];
  if (kind === undefined || Number.isNaN(expiresAtMs) || !/^[0-9a-f]{64}$/u.test(caFingerprint)) return null;
  if (!/^[0-9a-f]{12}$/u.test(id) || secret === '' || cluster === '') return null;
  return { id, secret: new Secret(secret), caFingerprint, cluster, kind, expiresAtMs };
}

function checksum(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, checksumBytes);
}

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function invalid(reason: string): Problem {
  return new Problem('token_invalid', `The join token ${reason}`);
}
