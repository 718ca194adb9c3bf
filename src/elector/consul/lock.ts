import type { CallOptions, SeenLock, WatchOptions } from '../../core/election/backend.ts';
import { fencingToken } from '../../core/election/fencing-token.ts';
import { Problem } from '../../core/problem.ts';
import { ask, countOf, fieldsOf, jsonOf, listOf, textOf } from './answer.ts';
import type { ConsulHttp } from './http.ts';

/** A key that is locked by sessions (https://developer.hashicorp.com/consul/api-docs/kv). */
export interface LockKey {
  readonly http: ConsulHttp;
  /** Without a leading slash. */
  readonly key: string;
}

/** How the key stands; null: there is none. A blocking query where `after` is given. */
async function read(
  { http, key }: LockKey,
  after: SeenLock | null,
  options: CallOptions | WatchOptions,
): Promise<SeenLock | null> {
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
  const [entry] = answer.status === 404 ? [] : listOf(jsonOf(answer));
  return entry === undefined ? null : lockOf(entry);
}

function lockOf(entry: Readonly<Record<string, unknown>>): SeenLock {
  const holder = textOf(entry, 'Session');
  const lockIndex = countOf(entry, 'LockIndex');
  return {
    holder: holder === '' ? null : holder,
    token: fencingToken(countOf(entry, 'CreateIndex'), lockIndex),
    isUnsettled: holder === '' && lockIndex === 0,
    cursor: String(countOf(entry, 'ModifyIndex')),
  };
}

/**
 * How the lock stands, after a change or a while. A key that is missing is made: only what is there has an index that tells
 * one absence from another.
 */
export async function watchLock(
  lock: LockKey,
  after: SeenLock | null,
  options: WatchOptions,
): Promise<SeenLock> {
  const seen = (await read(lock, after, options)) ?? (await make(lock, options));
  if (seen !== null) return seen;
  throw new Problem('consul_unavailable', `the key ${lock.key} is deleted as soon as it is made.`);
}

async function make(lock: LockKey, options: CallOptions): Promise<SeenLock | null> {
  const { http, key } = lock;
  const call = { method: 'PUT', path: pathOf(key), query: { cas: 0 }, timeoutMs: options.timeoutMs } as const;
  await ask(http, call, { what: 'the lock is made', permission: `key:write on ${key}` });
  return read(lock, null, { timeoutMs: options.timeoutMs });
}

/**
 * Locks the key if nobody wrote it since it was seen: one transaction, so a request that comes late does nothing
 * (https://developer.hashicorp.com/consul/api-docs/txn).
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
    { KV: { Verb: 'lock', Key: key, Value: '', Session: sessionId } },
  ];
  const purpose = { what: 'the lock is taken', permission: `key:write on ${key}` };
  const answer = await ask(http, { method: 'PUT', path: '/v1/txn', body, timeoutMs }, purpose, [409]);
  if (answer.status === 409) {
    const said = listOf(fieldsOf(jsonOf(answer))['Errors']).map((error) => textOf(error, 'What'));
    if (said.some((what) => /session/iu.test(what) && !/lock delay/iu.test(what))) return 'gone';
    if (said.some((what) => /Permission denied/u.test(what))) {
      throw new Problem(
        'consul_denied',
        `Consul at ${http.where} denies that ${purpose.what}. The token lacks the permission ${purpose.permission}.`,
      );
    }
    const signal = new AbortController().signal;
    return watchLock(lock, null, { timeoutMs, waitMs: 0, signal });
  }
  const locked = listOf(fieldsOf(jsonOf(answer))['Results']).at(-1);
  return lockOf(fieldsOf(locked?.['KV']));
}

export async function releaseLock(
  { http, key }: LockKey,
  sessionId: string,
  { timeoutMs }: CallOptions,
): Promise<void> {
  const call = { method: 'PUT', path: pathOf(key), query: { release: sessionId }, timeoutMs } as const;
  await ask(http, call, { what: 'the lock is released', permission: `key:write on ${key}` });
}

function pathOf(key: string): string {
  return `/v1/kv/${key.split('/').map(encodeURIComponent).join('/')}`;
}
