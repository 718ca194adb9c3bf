import type { CallOptions, SeenLock, WatchOptions } from '../../core/election/backend.ts';
import { fencingToken } from '../../core/election/fencing-token.ts';
import { Problem } from '../../core/problem.ts';
import { ask, countOf, type Fields, fieldsOf, jsonOf, listOf, textOf } from './answer.ts';
import type { ConsulHttp } from './http.ts';

/** A key that is locked by sessions (https://developer.hashicorp.com/consul/api-docs/kv). */
export interface LockKey {
  readonly http: ConsulHttp;
  /** Without a leading slash. */
  readonly key: string;
  readonly onValue: (value: string) => void;
  /** The lock that we took last. */
  readonly taken: { entry: LockEntry | null; hasLostCount: boolean };
}

/** What Consul says of the key. */
interface LockEntry {
  readonly session: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
  readonly lockIndex: number;
}

/** The key's entry; null: there is none. A blocking query where `after` is given. */
async function read(
  { http, key, onValue }: LockKey,
  after: SeenLock | null,
  options: CallOptions | WatchOptions,
): Promise<LockEntry | null> {
  const waitMs = after !== null && 'waitMs' in options ? Math.max(1, Math.round(options.waitMs)) : 0;
  const blocking = after === null || waitMs === 0 ? {} : { index: after.cursor, wait: `${waitMs}ms` };
  const call = {
    method: 'GET',
    path: pathOf(key),
    query: { consistent: true, ...blocking },
    // Consul waits up to a sixteenth longer, so that not all who wait come back at once.
    timeoutMs: options.timeoutMs + (waitMs * 17) / 16,
    ...('signal' in options ? { signal: options.signal } : {}),
  } as const;
  const answer = await ask(http, call, { what: 'the lock is read', permission: `key:read on ${key}` }, [404]);
  const [fields] = answer.status === 404 ? [] : listOf(jsonOf(answer));
  if (fields === undefined) return null;
  const value = textOf(fields, 'Value');
  if (value !== '') onValue(Buffer.from(value, 'base64').toString('utf8'));
  return entryOf(fields);
}

function entryOf(fields: Fields): LockEntry {
  return {
    session: textOf(fields, 'Session'),
    createIndex: countOf(fields, 'CreateIndex'),
    modifyIndex: countOf(fields, 'ModifyIndex'),
    lockIndex: countOf(fields, 'LockIndex'),
  };
}

function lockOf({ taken }: LockKey, { session, createIndex, modifyIndex, lockIndex }: LockEntry): SeenLock {
  const own = taken.entry;
  // Who holds the lock keeps the token that it got, also when a plain write set the count to 0.
  const isOwn = own !== null && own.session === session && own.createIndex === createIndex;
  if (isOwn) taken.hasLostCount = lockIndex < own.lockIndex;
  return {
    holder: session === '' ? null : session,
    token: fencingToken(createIndex, isOwn ? Math.max(own.lockIndex, lockIndex) : lockIndex),
    isUnsettled: session === '' && lockIndex === 0,
    cursor: String(modifyIndex),
  };
}

/**
 * How the lock stands, after a change or a while. A key that is missing is made: only what is there has an index that tells
 * one absence from another.
 *
 * A plain write to the key leaves the lock whose it is, and sets its count of locks to 0 (seen in Consul 1.8): the next
 * token would be one that was given before. So a free key that was written since it was made, and has no count, is
 * made anew.
 */
export async function watchLock(
  lock: LockKey,
  after: SeenLock | null,
  options: WatchOptions,
): Promise<SeenLock> {
  const bounds = { timeoutMs: options.timeoutMs };
  let entry = await read(lock, after, options);
  if (entry !== null && hasLostCount(entry)) entry = await remove(lock, entry, bounds);
  if (entry === null) {
    await make(lock, bounds);
    entry = await read(lock, null, bounds);
  }
  if (entry !== null && !hasLostCount(entry)) return lockOf(lock, entry);
  throw new Problem('consul_unavailable', `somebody keeps writing or deleting the key ${lock.key}.`);
}

function hasLostCount({ session, createIndex, modifyIndex, lockIndex }: LockEntry): boolean {
  return session === '' && lockIndex === 0 && modifyIndex !== createIndex;
}

/** Deletes the key if it still is as it was seen; whether it did is for the next look to say. */
async function remove(
  { http, key }: LockKey,
  { modifyIndex }: LockEntry,
  { timeoutMs }: CallOptions,
): Promise<null> {
  const call = { method: 'DELETE', path: pathOf(key), query: { cas: modifyIndex }, timeoutMs } as const;
  await ask(http, call, { what: 'the lock is made anew', permission: `key:write on ${key}` });
  return null;
}

async function make({ http, key }: LockKey, { timeoutMs }: CallOptions): Promise<void> {
  const call = { method: 'PUT', path: pathOf(key), query: { cas: 0 }, timeoutMs } as const;
  await ask(http, call, { what: 'the lock is made', permission: `key:write on ${key}` });
}

/**
 * Locks the key if nobody wrote it since it was seen: one transaction, so a request that comes late does nothing
 * (https://developer.hashicorp.com/consul/api-docs/txn). The key's flags tell people since when it is locked.
 */
export async function acquireLock(
  lock: LockKey,
  sessionId: string,
  seen: SeenLock,
  { timeoutMs }: CallOptions,
): Promise<SeenLock | 'gone'> {
  const { http, key } = lock;
  const body = [
    { KV: { Verb: 'check-index', Key: key, Index: Number(seen.cursor) } },
    { KV: { Verb: 'lock', Key: key, Value: '', Flags: Math.floor(Date.now() / 1000), Session: sessionId } },
  ];
  const purpose = { what: 'the lock is taken', permission: `key:write on ${key}` };
  const answer = await ask(http, { method: 'PUT', path: '/v1/txn', body, timeoutMs }, purpose, [409]);
  if (answer.status === 409) {
    const said = listOf(fieldsOf(jsonOf(answer))['Errors']).map((error) => textOf(error, 'What'));
    if (said.some((what) => /Permission denied/u.test(what))) {
      throw new Problem(
        'consul_denied',
        `Consul at ${http.where} denies that ${purpose.what}. The token lacks the permission ${purpose.permission}.`,
      );
    }
    // What the messages quote, the key may say, too.
    if (said.some((what) => /\binvalid session\b/iu.test(what.replaceAll(key, '')))) return 'gone';
    const signal = new AbortController().signal;
    return watchLock(lock, null, { timeoutMs, waitMs: 0, signal });
  }
  const locked = listOf(fieldsOf(jsonOf(answer))['Results']).at(-1);
  const entry = entryOf(fieldsOf(locked?.['KV']));
  lock.taken.entry = entry;
  lock.taken.hasLostCount = false;
  return lockOf(lock, entry);
}

/**
 * Gives the lock up. A key that lost its count while we held it is made anew, locked and unlocked in one step, if it still is
 * ours: the next finds a key with a count, and need not wait as for one that was just made.
 */
export async function releaseLock(lock: LockKey, sessionId: string, options: CallOptions): Promise<void> {
  const { http, key, taken } = lock;
  const { timeoutMs } = options;
  if (taken.entry?.session === sessionId && taken.hasLostCount) {
    const verbs = ['check-session', 'delete', 'lock', 'unlock'] as const;
    const body = verbs.map((Verb) => ({ KV: { Verb, Key: key, Value: '', Session: sessionId } }));
    const call = { method: 'PUT', path: '/v1/txn', body, timeoutMs } as const;
    const purpose = { what: 'the lock is made anew and released', permission: `key:write on ${key}` };
    // 409: it is not ours any more, and nothing was done.
    await ask(http, call, purpose, [409]);
    return;
  }
  const call = { method: 'PUT', path: pathOf(key), query: { release: sessionId }, timeoutMs } as const;
  await ask(http, call, { what: 'the lock is released', permission: `key:write on ${key}` });
}

function pathOf(key: string): string {
  return `/v1/kv/${key.split('/').map(encodeURIComponent).join('/')}`;
}
