import { type ApiAnswer, type ApiRequest, type Door, sendOnce } from '../../client/exchange.ts';
import { authorized } from '../../client/client.ts';
import { fetchToken, type HeldToken, keepToken } from '../../client/token.ts';
import { Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';

/** Somebody who sends requests of an election. */
export interface Caller {
  /**
   * Fetches a token if it needs one, then makes the request, and sends it at once and once.
   *
   * @returns whatever was answered, refusals too
   */
  readonly send: (make: () => ApiRequest, bounds: SendBounds) => Promise<ApiAnswer>;
}

export interface SendBounds {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** A role of the account, by its login and API key. */
export interface Credentials {
  readonly account: string;
  readonly login: string;
  readonly apiKey: Secret<string>;
}

/**
 * A caller by an API key.
 *
 * @param door ends the fetching of tokens, which may be repeated; a request is ended by its own signal
 */
export function openCaller(door: Door, who: Credentials): Caller {
  const currentToken = keepToken(() => fetchToken(door, who));
  let refused: HeldToken | null = null;
  return {
    send: async (make, bounds) => {
      const { signal } = bounds;
      const timeoutMs = Math.ceil(bounds.timeoutMs); // timers of signals take whole ones alone
      const token = await currentToken(refused);
      if (signal.aborted) throw new Problem('interrupted', 'interrupted.');
      const ours = { ...door, signal: AbortSignal.any([door.signal, signal]), timeoutMs };
      const answer = await sendOnce(ours, authorized({ ...make(), timeoutMs }, token.header));
      // The next request has another: one that was good may have died early, with a key that was rotated.
      if (answer.status === 401) refused = token;
      return answer;
    },
  };
}
