import type { ElectionBackend } from '../../core/election/backend.ts';
import type { ConsulHttp } from './http.ts';
import { acquireLock, releaseLock, watchLock } from './lock.ts';
import {
  createSession,
  destroySession,
  isEldestSession,
  renewSession,
  type SessionSpec,
} from './sessions.ts';

export interface ConsulElection {
  readonly http: ConsulHttp;
  /** The key to lock, with or without a leading slash. */
  readonly key: string;
  readonly session: SessionSpec;
}

/**
 * An election by a key of Consul and sessions that lock it. Sessions that end by anything but their TTL (a check of theirs
 * that becomes critical, an administrator) free the lock before their leader can know: then only Consul's lock-delay,
 * or a guard that asks for fencing tokens, keeps two leaders apart.
 */
export function createConsulBackend({ http, key, session }: ConsulElection): ElectionBackend {
  const lock = { http, key: key.replace(/^\/+/u, '') };
  return {
    openSession: async ({ timeoutMs }) => ({
      id: await createSession(http, session, timeoutMs),
      ttlMs: session.ttlMs,
    }),
    renewSession: (id, { timeoutMs }) => renewSession(http, id, timeoutMs),
    closeSession: (id, { timeoutMs }) => destroySession(http, id, timeoutMs),
    isEldest: (id, { timeoutMs }) => isEldestSession(http, { id, name: session.name }, timeoutMs),
    acquire: (id, seen, options) => acquireLock(lock, id, seen, options),
    release: (id, options) => releaseLock(lock, id, options),
    watch: (after, options) => watchLock(lock, after, options),
    close: () => http.close(),
  };
}
