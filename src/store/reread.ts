import { errorCode } from './translate.ts';

const attempts = 3;
/** SQLSTATE. A session that only reads meets it where replication is in its way, and nowhere else. */
const conflictWithRecovery = '40001';

/**
 * Does a read again that replication has cancelled. On a follower what the master has cleared away is cleared away at once
 * (`max_standby_streaming_delay` is 0), whoever is reading it (manual, 26.4.2).
 *
 * @param read sends statements that only read, and does nothing else that must not be done twice
 */
export async function reread<T>(read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await read();
    } catch (error) {
      if (attempt === attempts || errorCode(error) !== conflictWithRecovery) throw error;
    }
  }
}
