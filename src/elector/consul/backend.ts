import type { ElectionBackend } from '../../core/election/backend.ts';
import type { ConsulHttp } from './http.ts';
import { acquireLock, releaseLock, watchLock } from './lock.ts';
import { createSession, destroySession, renewSession, type SessionSpec } from './sessions.ts';

export interface ConsulElection {
  readonly http: ConsulHttp;
  /** The key to lock, with or without a leading slash. */
  readonly key: string;
  readonly session: SessionSpec;
  /** Asked each time that a session is opened, where it is tied to the checks of a service. */
  readonly serviceChecks?: () => Promise<readonly string[]>;
  /** Called with the value of the key each time that it was read, and is not empty. */
  readonly onValue?: (value: string) => void;
}

/**
 * An election by a key of Consul and sessions that lock it. Sessions that end by anything but their TTL (a check of theirs
 * that becomes critical, an administrator) free the lock before their leader can know: then only Consul's lock-delay,
 * or a guard that asks for fencing tokens, keeps two leaders apart.
 */
export function createConsulBackend(election: ConsulElection): ElectionBackend {
  const { http, key, session, onValue = () => undefined } = election;
  const lock = { http, key: key.replace(/^\/+/u, ''), onValue, taken: { entry: null, hasLostCount: false } };
  return {
    openSession: async ({ timeoutMs }) => {
      const serviceChecks = (await election.serviceChecks?.()) ?? session.serviceChecks;
      return {
        id: await createSession(http, { ...session, serviceChecks }, timeoutMs),
        ttlMs: session.ttlMs,
      };
    },
    renewSession: (id, { timeoutMs }) => renewSession(http, id, timeoutMs),
    closeSession: (id, { timeoutMs }) => destroySession(http, id, timeoutMs),
    acquire: (id, seen, options) => acquireLock(lock, id, seen, options),
    release: (id, options) => releaseLock(lock, id, options),
    watch: (after, options) => watchLock(lock, after, options),
    close: () => http.close(),
  };
}
