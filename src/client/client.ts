import { loginOf, type FullId, roleIdOfLogin } from '../core/ids.ts';
import { isProblem } from '../core/problem.ts';
import {
  formatLogPosition,
  laterPosition,
  type LogPosition,
  parseLogPosition,
  positionHeader,
} from '../core/log-position.ts';
import { Secret } from '../core/secret.ts';
import { toBase64 } from './base64.ts';
import { type ApiAnswer, type ApiRequest, type Door, exchange } from './exchange.ts';
import type { Fetch } from './fetch.ts';
import { fetchToken, type HeldToken, keepToken } from './token.ts';

export interface ClientSettings {
  readonly fetch: Fetch;
  /** `https://vault.example.com`, with or without a slash at the end, or a path before it. */
  readonly url: string;
  readonly account: string;
  readonly login: string;
  readonly apiKey: Secret<string>;
  readonly signal?: AbortSignal;
  /** For one attempt of one request; 15 s unless told otherwise. */
  readonly timeoutMs?: number;
  /** What was written last, where that is to outlive this client. */
  readonly position?: PositionMemory;
}

/** The place in the log behind what was written last. */
export interface PositionMemory {
  position: LogPosition | null;
}

/** Somebody who talks to a Conjur API. The functions of this room take one first. */
export interface ConjurClient {
  readonly account: string;
  readonly roleId: FullId;
  /** Sends a request with an access token, which is fetched, kept and renewed as needed. */
  readonly send: (request: ApiRequest) => Promise<ApiAnswer>;
  /** Sends a request with login and API key (Basic), as changes of one's own credentials need it. */
  readonly sendAsSelf: (request: ApiRequest) => Promise<ApiAnswer>;
}

const usualTimeoutMs = 15_000;

/** Opens a client. Nothing is sent before the first request. */
export function openClient(settings: ClientSettings): ConjurClient {
  const { account, login, apiKey } = settings;
  const door = openDoor({ ...settings, fetch: readsItsWrites(settings.fetch, settings.position) });
  const currentToken = keepToken(() => fetchToken(door, { account, login, apiKey }));
  const used = new WeakSet<HeldToken>();
  return {
    account,
    roleId: roleIdOfLogin(account, login),
    send: async (request) => {
      const token = await currentToken(null);
      const wasUsed = used.has(token);
      used.add(token);
      try {
        return await exchange(door, authorized(request, token.header));
      } catch (error) {
        // One that was good may have died early, with a key that was rotated or a clock that differs.
        if (!wasUsed || !isProblem(error, 'api_unauthenticated')) throw error;
      }
      return exchange(door, authorized(request, (await currentToken(token)).header));
    },
    sendAsSelf: (request) => exchange(door, authorized(request, basicHeader(login, apiKey))),
  };
}

/**
 * What a Holdfast server answers to a write says how far one must have read to see it. Said again with whatever is sent later, no
 * follower answers with what is older. Other servers neither say nor hear it. A request that says a position itself keeps that.
 */
export function readsItsWrites(fetch: Fetch, memory: PositionMemory = { position: null }): Fetch {
  return async (url, init) => {
    const told = memory.position === null ? {} : { [positionHeader]: formatLogPosition(memory.position) };
    const answer = await fetch(url, { ...init, headers: { ...told, ...init.headers } });
    memory.position = laterPosition(
      memory.position,
      parseLogPosition(answer.headers.get(positionHeader) ?? ''),
    );
    return answer;
  };
}

/** A door for requests that need no account, or prove themselves in another way. */
export function openDoor(settings: Pick<ClientSettings, 'fetch' | 'url' | 'signal' | 'timeoutMs'>): Door {
  return {
    baseUrl: settings.url.replace(/\/+$/, ''),
    fetch: settings.fetch,
    timeoutMs: settings.timeoutMs ?? usualTimeoutMs,
    pause,
    signal: settings.signal ?? new AbortController().signal,
  };
}

/** The value of a Basic header (RFC 7617). */
export function basicHeader(login: string, secret: Secret<string>): Secret<string> {
  return new Secret(`Basic ${toBase64(`${login}:${secret.reveal()}`)}`);
}

/** `alice`, `host/app/web`: the login of a role of the client's account. */
export function loginOfClient(client: ConjurClient): string {
  return loginOf(client.roleId);
}

/** The same request with an Authorization header, which no error will quote. */
export function authorized(request: ApiRequest, header: Secret<string>): ApiRequest {
  return {
    ...request,
    headers: { ...request.headers, authorization: header.reveal() },
    secrets: [...(request.secrets ?? []), header],
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
