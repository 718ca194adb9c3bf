import { authorized } from '../../client/client.ts';
import { type ApiAnswer, type ApiRequest, type Door, sendOnce } from '../../client/exchange.ts';
import { type ApiRefusal, refusalOf } from '../../client/refusal.ts';
import { fetchToken, type HeldToken, keepToken } from '../../client/token.ts';
import { Problem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';

/** Somebody who sends requests of an election. */
export interface Caller {
  /**
   * Fetches a token if it needs one, then makes the request, and sends it at once and once. What `make` throws is thrown, and nothing sent.
   *
   * @returns whatever was answered, refusals too
   */
  readonly send: (make: () => ApiRequest, bounds: SendBounds) => Promise<CallerAnswer>;
}

/** Whatever was answered. */
export interface CallerAnswer extends ApiAnswer {
  /** The Problem for an answer that is no success. It quotes nothing that the request was authorized by. */
  readonly refusal: () => ApiRefusal;
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
      const request = withoutQuotes(authorized({ ...make(), timeoutMs }, token.header), token);
      const answer = await sendOnce(ours, request);
      // The next request has another: one that was good may have died early, with a key that was rotated.
      if (answer.status === 401) refused = token;
      return { ...answer, refusal: () => refusalOf(request, answer) };
    },
  };
}

/** Whoever sends the header back in quotation marks of its own (JSON) escapes those around the token. */
function withoutQuotes(request: ApiRequest, { header }: HeldToken): ApiRequest {
  const [, bare] = /"([^"]+)"/u.exec(header.reveal()) ?? [];
  if (bare === undefined) return request;
  return { ...request, secrets: [...(request.secrets ?? []), new Secret(bare)] };
}
