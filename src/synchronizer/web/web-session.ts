import { isProblem, Problem } from '../../core/problem.ts';
import type { Secret } from '../../core/secret.ts';
import { isRefusal } from './refusal.ts';
import type { WebAnswer, WebRequest } from './web-api.ts';

/** How one kind of vault is logged on to. */
export interface WebLogon {
  readonly logOn: (signal: AbortSignal) => Promise<Secret<string>>;
  /** What fails then no longer matters. */
  readonly logOff: (token: Secret<string>) => Promise<void>;
  readonly send: (request: WebRequest, token: Secret<string>, signal: AbortSignal) => Promise<WebAnswer>;
  /** Whether an answer may mean that the session has run out. */
  readonly mayBeOver: (error: unknown) => boolean;
  /** Milliseconds; never goes back. */
  readonly clock: () => number;
}

export interface WebSession {
  readonly call: (request: WebRequest, signal: AbortSignal) => Promise<WebAnswer>;
  readonly close: () => Promise<void>;
}

interface Held {
  readonly token: Promise<Secret<string>>;
  readonly sinceMs: number;
  /** Calls in a row that were told to log on. */
  refused: number;
}

/** Sessions of vaults live for minutes: one that is refused before this age has not run out. */
const shortestAgeMs = 60_000;
const mostRefused = 5;

/**
 * Logs on with the first call, and off at the end. There are as many calls as accounts, and a vault locks users out and keeps each
 * session that is left behind, so logons are few: one that was refused is not tried again, and a session that is refused is replaced
 * once, then only when it has lived long enough to have run out. A session that refuses everything is not asked any more.
 */
export function openWebSession(logon: WebLogon): WebSession {
  const own = new AbortController();
  const endings: Promise<void>[] = [];
  let held: Held | null = null;
  let replaced = 0;
  const begin = (): Held => {
    const begun: Held = { token: logon.logOn(own.signal), sinceMs: logon.clock(), refused: 0 };
    begun.token.catch((error: unknown) => {
      if (held === begun && !isRefusal(error)) held = null;
    });
    held = begun;
    return begun;
  };
  const leave = async ({ token }: Held): Promise<void> => {
    const left = await token.catch(() => null);
    if (left !== null) await logon.logOff(left).catch(() => undefined);
  };
  const mayReplace = ({ sinceMs }: Held): boolean =>
    replaced === 0 || logon.clock() - sinceMs >= shortestAgeMs;
  /** The session to try again with; null: another one would be refused as well. */
  const insteadOf = (refused: Held): Held | null => {
    if (held !== null && held !== refused) return held;
    if (!mayReplace(refused)) return null;
    replaced += 1;
    endings.push(leave(refused));
    return begin();
  };
  const send = async (request: WebRequest, to: Held, token: Secret<string>, signal: AbortSignal) => {
    try {
      const answer = await logon.send(request, token, signal);
      to.refused = 0;
      return answer;
    } catch (error) {
      if (isProblem(error, 'source_unauthenticated')) to.refused += 1;
      throw error;
    }
  };
  return {
    call: async (request, signal) => {
      const first = held ?? begin();
      const token = await unlessStopped(first.token, signal);
      if (first.refused >= mostRefused && !mayReplace(first)) throw over();
      try {
        return await send(request, first, token, signal);
      } catch (error) {
        const second = logon.mayBeOver(error) ? insteadOf(first) : null;
        if (second === null) throw error;
        return send(request, second, await unlessStopped(second.token, signal), signal);
      }
    },
    close: async () => {
      own.abort();
      if (held !== null) endings.push(leave(held));
      held = null;
      await Promise.all(endings);
    },
  };
}

function over(): Problem {
  return new Problem(
    'source_unauthenticated',
    'The vault does not accept the session that it gave a moment ago; nothing more is asked of it.',
  );
}

/** What serves several calls, such as a logon, goes on when one of them is stopped. */
export async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(new Problem('interrupted', 'interrupted.'));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, stopped.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
