import { createHash } from 'node:crypto';
import type { ClusterStore, StoreEntry } from '../core/coordination/cluster-store.ts';
import { decodeRecord, encodeRecord } from '../core/failover/codec.ts';
import type { ClusterKeys } from '../core/failover/keys.ts';
import { Problem } from '../core/problem.ts';
import {
  type JoinToken,
  type JoinTokenRecord,
  matchesRecord,
  type TokenVerdict,
} from '../identity/join-token.ts';

const callMs = 3000;
/** A record outlives its token for so long, so that an expired token is told from an unknown one. */
const keptAfterSeconds = 24 * 3600;

/** A token's record, and who joined with it: the same machine may ask again, if its answer was lost on the way. */
export interface StoredToken extends JoinTokenRecord {
  /** SHA-256 of the public key of `usedBy`, hex. */
  readonly usedByKey: string | null;
}

export interface TokenEntry {
  readonly entry: StoreEntry;
  readonly record: StoredToken;
}

/** Puts a new token's record down, under a lease that clears it away. */
export async function storeToken(
  store: ClusterStore,
  keys: ClusterKeys,
  record: JoinTokenRecord,
  ttlMs: number,
): Promise<void> {
  const seconds = Math.ceil(ttlMs / 1000) + keptAfterSeconds;
  const lease = await store.grantLease(seconds, { timeoutMs: callMs });
  const stored: StoredToken = { ...record, usedByKey: null };
  const key = keys.token(record.id);
  await store.txn(
    [{ key, target: 'create', equals: 0 }],
    [{ kind: 'put', key, value: encodeRecord(stored), lease: lease.id }],
    { timeoutMs: callMs },
  );
}

export async function readToken(
  store: ClusterStore,
  keys: ClusterKeys,
  id: string,
): Promise<TokenEntry | null> {
  const key = keys.token(id);
  const { entries } = await store.read(key, { timeoutMs: callMs });
  const entry = entries.find((one) => one.key === key);
  const record = entry === undefined ? null : decodeRecord<StoredToken>(entry.value);
  return entry === undefined || record === null ? null : { entry, record };
}

/** Who asks: the same name with the same key is the same machine. */
export interface Newcomer {
  readonly name: string;
  readonly publicKeyPem: string;
}

export function publicKeyHash(publicKeyPem: string): string {
  return createHash('sha256').update(publicKeyPem.trim()).digest('hex');
}

/** As `matchesRecord`, but a used token is still good for the machine that used it, while it has not expired. */
export function judgeToken(
  token: JoinToken,
  record: StoredToken | null,
  newcomer: Newcomer,
  nowMs: number,
): TokenVerdict | 'again' {
  const verdict = matchesRecord(token, record, nowMs);
  if (verdict !== 'used' || record === null) return verdict;
  const same = record.usedBy === newcomer.name && record.usedByKey === publicKeyHash(newcomer.publicKeyPem);
  if (!same) return 'used';
  return nowMs >= record.expiresAtMs ? 'expired' : 'again';
}

/** The refusal that a verdict means, with the way out. */
export function tokenRefused(verdict: Exclude<TokenVerdict, 'ok'>, record: StoredToken | null): Problem {
  const makeNew = 'Make a new one with "holdfast token create" on a node of the cluster.';
  switch (verdict) {
    case 'unknown':
      return new Problem('join_refused', `--token: this cluster knows no such join token. ${makeNew}`);
    case 'expired':
      return new Problem(
        'join_refused',
        `--token: the join token expired on ${new Date(record?.expiresAtMs ?? 0).toISOString()}. ${makeNew}`,
      );
    case 'used':
      return new Problem(
        'join_refused',
        `--token: the join token was used already, by ${record?.usedBy ?? 'another node'}; each is good for one node. ${makeNew}`,
      );
    case 'wrong kind':
      return new Problem(
        'join_refused',
        `--token: the join token was made for a node of kind ${record?.kind ?? 'unknown'}. ${makeNew}`,
      );
  }
}
