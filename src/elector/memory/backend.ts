import type { CallOptions, ElectionBackend, SeenLock, WatchOptions } from '../../core/election/backend.ts';
import { fencingToken } from '../../core/election/fencing-token.ts';
import { Problem } from '../../core/problem.ts';

/** Elections within one process: for tests of what is built on them, with the behaviour of a real store. */
export interface MemoryElection {
  /** A contender's connection. */
  readonly connect: () => ElectionBackend;
  /** What a stranger could do to a real store. */
  readonly deleteLock: () => void;
  readonly overwriteLock: () => void;
  readonly destroySession: (id: string) => void;
}

interface Held {
  createdAt: number;
  changedAt: number;
  lockedTimes: number;
  /** Another was deleted, whose holder may not know. */
  readonly isRemade: boolean;
  holder: string | null;
}

interface HeldSession {
  timer: NodeJS.Timeout;
}

/** @param ttlMs after which a session ends that is not renewed */
export function createMemoryElection(ttlMs: number): MemoryElection {
  const sessions = new Map<string, HeldSession>();
  const listeners = new Set<() => void>();
  let index = 0;
  let lock: Held = made(false);

  function made(isRemade: boolean): Held {
    index += 1;
    return { createdAt: index, changedAt: index, lockedTimes: 0, isRemade, holder: null };
  }
  function changed(): void {
    index += 1;
    lock.changedAt = index;
    for (const listener of listeners) listener();
  }
  function destroySession(id: string): void {
    const session = sessions.get(id);
    if (session === undefined) return;
    clearTimeout(session.timer);
    sessions.delete(id);
    release(id);
  }
  function release(id: string): void {
    if (lock.holder !== id) return;
    lock.holder = null;
    changed();
  }
  function look(): SeenLock {
    const { createdAt, lockedTimes, isRemade, holder, changedAt } = lock;
    return {
      holder,
      token: fencingToken(createdAt, lockedTimes),
      isUnsettled: holder === null && isRemade && lockedTimes === 0,
      cursor: String(changedAt),
    };
  }
  // A timer may fire a little early; a session may not end early.
  const timer = (id: string): NodeJS.Timeout => setTimeout(() => destroySession(id), ttlMs + 2).unref();

  function connect(): ElectionBackend {
    const closing = new AbortController();
    const check = (): void => {
      if (closing.signal.aborted) throw new Problem('store_unavailable', 'the connection is closed.');
    };
    return {
      openSession: async () => {
        check();
        index += 1;
        const id = `session-${index}`;
        sessions.set(id, { timer: timer(id) });
        return { id, ttlMs };
      },
      renewSession: async (id) => {
        check();
        const session = sessions.get(id);
        if (session === undefined) return 'gone';
        clearTimeout(session.timer);
        session.timer = timer(id);
        return 'renewed';
      },
      closeSession: async (id) => {
        check();
        destroySession(id);
      },
      acquire: async (id, seen) => {
        check();
        if (!sessions.has(id)) return 'gone';
        if (lock.holder === null && String(lock.changedAt) === seen.cursor) {
          lock.holder = id;
          lock.lockedTimes += 1;
          changed();
        }
        return look();
      },
      release: async (id) => {
        check();
        release(id);
      },
      watch: (after, options) => watch(after, options, closing.signal),
      close: () => closing.abort(),
    };
  }

  function watch(
    after: SeenLock | null,
    { waitMs, signal }: WatchOptions & CallOptions,
    closing: AbortSignal,
  ): Promise<SeenLock> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(wait);
        listeners.delete(onChange);
        signal.removeEventListener('abort', abandon);
        closing.removeEventListener('abort', abandon);
      };
      const answer = (): void => {
        end();
        resolve(look());
      };
      const abandon = (): void => {
        end();
        reject(new Problem('store_unavailable', 'the watch was given up.'));
      };
      const onChange = (): void => {
        if (look().cursor !== after?.cursor) answer();
      };
      const wait = setTimeout(answer, after === null ? 0 : waitMs);
      listeners.add(onChange);
      signal.addEventListener('abort', abandon);
      closing.addEventListener('abort', abandon);
      if (signal.aborted || closing.aborted) abandon();
      else onChange();
    });
  }

  return {
    connect,
    destroySession,
    overwriteLock: changed,
    deleteLock: () => {
      lock = made(true);
      changed();
    },
  };
}
