import { isFencingToken } from '../../core/election/fencing-token.ts';

const prefix = 'step-down ';

/**
 * What the value of the lock's key asks of a leader. The value is free for such words: a change of it rings the leader's
 * watch, and its release empties it. The token says which leader is meant.
 */
export function writeStepDown(token: string): string {
  return `${prefix}${token}`;
}

/** The token of the leader that is asked to step down; null: nobody is. */
export function readStepDown(value: string): string | null {
  const token = value.startsWith(prefix) ? value.slice(prefix.length) : '';
  return isFencingToken(token) ? token : null;
}
