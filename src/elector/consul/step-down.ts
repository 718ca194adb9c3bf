const prefix = 'step-down ';
const sessionShape = /^[0-9a-f-]{36}$/u;

/**
 * What the value of the lock's key asks of a leader. The value is free for such words: a change of it rings the leader's
 * watch, and its release empties it. The session says which leader is meant: a
 * token does not, once the key was overwritten.
 */
export function writeStepDown(sessionId: string): string {
  return `${prefix}${sessionId}`;
}

/** The session of the leader that is asked to step down; null: nobody is. */
export function readStepDown(value: string): string | null {
  const sessionId = value.startsWith(prefix) ? value.slice(prefix.length) : '';
  return sessionShape.test(sessionId) ? sessionId : null;
}
