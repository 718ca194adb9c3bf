import type { Fetch, Method } from '../../client/fetch.ts';
import { isProblem, Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import type { Secret } from '../../core/secret.ts';
import { pause } from '../../runtime/pause.ts';
import { parseExactly } from './exact-json.ts';
import { refusal } from './refusal.ts';
import { retryAfterMs } from './retry-after.ts';

/** One call of a vault's API. Each may be sent again: nothing that a synchronizer asks of a vault changes it. */
export interface WebRequest {
  /** What is attempted, to follow "cannot"; no secret in it. */
  readonly attempt: string;
  readonly method: Method;
  /** Below the URL of the API, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What must not be quoted. */
  readonly secrets?: readonly Secret<string>[];
  /** Statuses beyond 2xx that are answers. */
  readonly expected?: readonly number[];
  /** It is about one account: when the vault says in its own words that it failed, the others may go well. */
  readonly ofOne?: boolean;
  /** Each number of the answer becomes an ExactNumber. */
  readonly exactNumbers?: boolean;
}

export interface WebAnswer {
  readonly status: number;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** Unix time at which it was given, milliseconds, by the clock of the server. */
  readonly atMs: number;
}

export interface WebApi {
  readonly call: (request: WebRequest, signal: AbortSignal) => Promise<WebAnswer>;
}

export interface WebApiSettings {
  readonly fetch: Fetch;
  readonly url: string;
  /** For one attempt. */
  readonly timeoutMs: number;
  /** Between the beginnings of two calls. */
  readonly intervalMs: number;
  /** Attempts of one call, the first included. */
  readonly attempts: number;
  /** The first pause between two attempts; each is twice the one before. */
  readonly backOffMs: number;
  /** Waits between two attempts; as the machine's clock says unless told otherwise. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** The vault's own words in the body of a refusal; null: none that are known. */
  readonly wordsOf: (json: unknown) => string | null;
}

const longestPauseMs = 30_000;
/** A vault that wants to be left alone for longer is left alone until the next pass. */
const longestAskedPauseMs = 300_000;
/** What the vault itself says of one thing it hardly takes back a second later. */
const attemptsOfFaulty = 2;

/**
 * Calls a vault's API with a bounded number of attempts, a pause between calls, and longer ones after failures that may pass
 * (429, 5xx, a lost connection).
 */
export function openWebApi(settings: WebApiSettings): WebApi {
  const takeTurn = turns(settings.intervalMs);
  return {
    call: async (request, signal) => {
      for (let attempt = 1; ; attempt += 1) {
        await takeTurn(signal);
        const outcome = await callOnce(settings, request, signal);
        if ('answer' in outcome) return outcome.answer;
        if (outcome.waitMs === null || attempt >= attemptsOf(settings, outcome.problem))
          throw outcome.problem;
        const backOffMs = Math.min(longestPauseMs, settings.backOffMs * 2 ** (attempt - 1));
        await (settings.pause ?? pause)(Math.max(outcome.waitMs, backOffMs), signal);
      }
    },
  };
}

function attemptsOf({ attempts }: WebApiSettings, problem: Problem): number {
  return problem.code === 'source_faulty' ? Math.min(attempts, attemptsOfFaulty) : attempts;
}

/** `waitMs`: how long to wait at least before another attempt; null: another is of no use. */
type Outcome = { readonly answer: WebAnswer } | { readonly problem: Problem; readonly waitMs: number | null };

async function callOnce(
  settings: WebApiSettings,
  request: WebRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const { fetch, url, timeoutMs } = settings;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const answer = await fetch(`${url}${request.path}`, {
      method: request.method,
      headers: { accept: 'application/json', ...request.headers },
      body: request.body ?? null,
      signal: AbortSignal.any([signal, timeout]),
      redirect: 'manual',
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const json = jsonOf(bytes, request.exactNumbers === true ? parseExactly : JSON.parse);
    const { status } = answer;
    const atMs = instantOf(answer.headers.get('date'));
    if ((status >= 200 && status < 300) || request.expected?.includes(status) === true)
      return { answer: { status, json, atMs } };
    const waitMs = waitOf(status, answer.headers.get('retry-after'), atMs);
    const isTooLong = waitMs !== null && waitMs > longestAskedPauseMs;
    const more = isTooLong ? `; it asks to be left alone for ${Math.ceil(waitMs / 1000)} s` : '';
    return {
      problem: refusal(request, status, settings.wordsOf(json), more),
      waitMs: isTooLong ? null : waitMs,
    };
  } catch (error) {
    if (signal.aborted) throw new Problem('interrupted', 'interrupted.');
    return unanswered(settings, request, error, timeout.aborted);
  }
}

function unanswered(
  { url, timeoutMs }: WebApiSettings,
  request: WebRequest,
  error: unknown,
  tooLate: boolean,
): Outcome {
  const problem = (code: ProblemCode, why: string): Problem =>
    new Problem(code, `Cannot ${request.attempt}: ${why}`, { cause: error });
  if (tooLate)
    return {
      problem: problem('source_unanswered', `${url} gave no answer within ${timeoutMs} ms.`),
      waitMs: 0,
    };
  if (isProblem(error)) {
    // A certificate that is not trusted will not be trusted a second later.
    const waitMs = error.code === 'peer_untrusted' || error.code === 'body_too_large' ? null : 0;
    return { problem: problem(codeOf(error.code), error.detail), waitMs };
  }
  return { problem: problem('source_unanswered', `${url} cannot be reached.`), waitMs: 0 };
}

/** What the transport says of a target, it says here of a source. */
function codeOf(code: ProblemCode): ProblemCode {
  if (code === 'api_unanswered' || code === 'peer_unreachable') return 'source_unanswered';
  return code === 'api_unavailable' ? 'source_unavailable' : code;
}

function waitOf(status: number, retryAfter: string | null, nowMs: number): number | null {
  return status === 429 || status >= 500 ? retryAfterMs(retryAfter, nowMs) : null;
}

/** Of an answer that does not say when it was given, the instant at which it came (RFC 9110, section 6.6.1). */
function instantOf(date: string | null): number {
  const ms = date === null ? Number.NaN : Date.parse(date);
  return Number.isNaN(ms) ? Date.now() : ms;
}

/** Bytes that are no UTF-8 are no JSON: put right in silence, they would be another value. */
function jsonOf(bytes: Uint8Array, parse: (text: string) => unknown): unknown {
  try {
    return parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

/** Lets callers go one after the other, `intervalMs` apart. */
function turns(intervalMs: number): (signal: AbortSignal) => Promise<void> {
  let next = 0;
  return async (signal) => {
    if (intervalMs > 0) {
      const now = performance.now();
      const mine = Math.max(now, next);
      next = mine + intervalMs;
      if (mine > now) await pause(mine - now, signal);
    }
    if (signal.aborted) throw new Problem('interrupted', 'interrupted.');
  };
}
