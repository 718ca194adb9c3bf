import { isProblem, Problem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import type { Secret } from '../core/secret.ts';
import type { Fetch, FetchAnswer, Method } from './fetch.ts';
import { refusalOf } from './refusal.ts';
import { waitBeforeRetryMs } from './retry.ts';

/** Where a server is and how it is talked to. */
export interface Door {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly fetch: Fetch;
  /** For one attempt, connection and body included. */
  readonly timeoutMs: number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Ends whatever is under way, but for what is `answeredOnce`. */
  readonly signal: AbortSignal;
}

/** One call of the API. */
export interface ApiRequest {
  /** What is attempted, to follow "cannot": `read the variable db/password`. It stands in errors: no secret in it. */
  readonly attempt: string;
  readonly method: Method;
  /** From `pathOf`, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Statuses beyond 2xx that are answers to this call, no failures. */
  readonly expected?: readonly number[];
  /** Sending it twice is the same as once, although it is no GET. */
  readonly repeatable?: boolean;
  /** The answer holds what nobody can ask for again: once sent, it is waited for, whatever the door's signal says. */
  readonly answeredOnce?: true;
  /** Where it needs longer than the door's own timeout. */
  readonly timeoutMs?: number;
  /** What must never be quoted, should a server (or what stands between) send it back. */
  readonly secrets?: readonly Secret<string>[];
}

export interface ApiAnswer {
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly bytes: Uint8Array;
}

/** How long is waited between attempts, all together: longer than a failover takes. */
const retryForMs = 20_000;
const pauseAfterLossMs = 1000;

/**
 * Sends a request, again where the server asks for that or the connection is lost, and returns what it answered: 2xx, or a status that is expected.
 *
 * @throws Problem `api_…` for what the server refused; `peer_unreachable`, `peer_untrusted`, `api_unanswered` where no answer
 * came; `interrupted`
 */
export async function exchange(door: Door, request: ApiRequest): Promise<ApiAnswer> {
  let waitedMs = 0;
  for (;;) {
    const outcome = await attemptOnce(door, request);
    if ('answer' in outcome && isHoped(request, outcome.answer)) return outcome.answer;
    const waitMs =
      'answer' in outcome ? waitBeforeRetryMs(isRepeatable(request), outcome.answer) : outcome.waitMs;
    if (waitMs === null || waitedMs + waitMs > retryForMs) {
      throw 'answer' in outcome ? refusalOf(request, outcome.answer) : outcome.problem;
    }
    waitedMs += waitMs;
    await door.pause(waitMs, door.signal);
    if (door.signal.aborted) throw interrupted();
  }
}

/**
 * Sends a request once, whatever becomes of it, and returns what was answered, also a refusal. For what must not be done twice,
 * and for whoever makes more of a refusal than an error.
 *
 * @throws Problem as `exchange` does, where no answer came
 */
export async function sendOnce(door: Door, request: ApiRequest): Promise<ApiAnswer> {
  const outcome = await attemptOnce(door, request);
  if ('answer' in outcome) return outcome.answer;
  throw outcome.problem;
}

/** What became of one attempt. Without an answer: why, and how long to wait before another (null: there is none). */
type Outcome = { readonly answer: ApiAnswer } | { readonly problem: Problem; readonly waitMs: number | null };

async function attemptOnce(door: Door, request: ApiRequest): Promise<Outcome> {
  const timeout = AbortSignal.timeout(request.timeoutMs ?? door.timeoutMs);
  if (door.signal.aborted) throw interrupted();
  try {
    const answer: FetchAnswer = await door.fetch(`${door.baseUrl}${request.path}`, {
      method: request.method,
      headers: { accept: '*/*', ...request.headers },
      body: request.body ?? null,
      signal: request.answeredOnce === true ? timeout : AbortSignal.any([door.signal, timeout]),
      redirect: 'manual',
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { answer: { status: answer.status, header: (name) => answer.headers.get(name), bytes } };
  } catch (error) {
    if (door.signal.aborted && request.answeredOnce !== true) throw interrupted();
    return noAnswer(door, request, error, timeout.aborted);
  }
}

/**
 * - `api_unavailable` from the transport: nothing was sent. Sent again, as after a 503.
 * - `api_unanswered`, or no Problem at all: it may have been done. Sent again where that does not matter.
 *
 * No text of a foreign error is quoted: it may hold the headers of the request.
 */
function noAnswer(door: Door, request: ApiRequest, error: unknown, tooLate: boolean): Outcome {
  const repeatable = isRepeatable(request);
  const perhaps = repeatable ? '' : ' It may have been done all the same: look before you repeat it.';
  const problem = (code: ProblemCode, why: string): Problem =>
    new Problem(code, `Cannot ${request.attempt}: ${why}`, { cause: error });
  if (tooLate) {
    const seconds = Math.round((request.timeoutMs ?? door.timeoutMs) / 1000);
    const why = `${door.baseUrl} gave no answer within ${seconds} s.${perhaps}`;
    return { problem: problem('api_unanswered', why), waitMs: null };
  }
  if (isProblem(error) && error.code !== 'api_unanswered') {
    const waitMs = error.code === 'api_unavailable' ? pauseAfterLossMs : null;
    return { problem: problem(error.code, error.detail), waitMs };
  }
  const why = isProblem(error) ? error.detail : `${door.baseUrl} cannot be reached.`;
  return {
    problem: problem('api_unanswered', `${why}${perhaps}`),
    waitMs: repeatable ? pauseAfterLossMs : null,
  };
}

function isHoped(request: ApiRequest, { status }: ApiAnswer): boolean {
  return (status >= 200 && status < 300) || request.expected?.includes(status) === true;
}

function isRepeatable({ method, repeatable }: ApiRequest): boolean {
  return repeatable === true || method === 'GET' || method === 'HEAD';
}

function interrupted(): Problem {
  return new Problem('interrupted', 'interrupted.');
}
