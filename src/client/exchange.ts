import { isProblem, Problem } from '../core/problem.ts';
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
  /** Ends whatever is under way. */
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

/**
 * Sends a request, again where the server asks for that, and returns what it answered: 2xx, or a status that is expected.
 *
 * @throws Problem `api_…` for what the server refused; `peer_unreachable`, `peer_untrusted`, `api_unanswered` where no answer
 * came; `interrupted`
 */
export async function exchange(door: Door, request: ApiRequest): Promise<ApiAnswer> {
  let waitedMs = 0;
  for (;;) {
    const answer = await attemptOnce(door, request);
    if (answer.status >= 200 && answer.status < 300) return answer;
    if (request.expected?.includes(answer.status) === true) return answer;
    const waitMs = waitBeforeRetryMs(isRepeatable(request), answer);
    if (waitMs === null || waitedMs + waitMs > retryForMs) throw refusalOf(request, answer);
    waitedMs += waitMs;
    await door.pause(waitMs, door.signal);
    if (door.signal.aborted) throw interrupted();
  }
}

function isRepeatable({ method, repeatable }: ApiRequest): boolean {
  return repeatable === true || method === 'GET' || method === 'HEAD';
}

async function attemptOnce(door: Door, request: ApiRequest): Promise<ApiAnswer> {
  const timeout = AbortSignal.timeout(request.timeoutMs ?? door.timeoutMs);
  try {
    const answer: FetchAnswer = await door.fetch(`${door.baseUrl}${request.path}`, {
      method: request.method,
      headers: { accept: '*/*', ...request.headers },
      body: request.body ?? null,
      signal: AbortSignal.any([door.signal, timeout]),
      redirect: 'manual',
    });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { status: answer.status, header: (name) => answer.headers.get(name), bytes };
  } catch (error) {
    throw noAnswer(door, request, error, timeout.aborted);
  }
}

/** No text of a foreign error is quoted: it may hold the headers of the request. */
function noAnswer(door: Door, request: ApiRequest, error: unknown, tooLate: boolean): Problem {
  if (door.signal.aborted) return interrupted();
  const mayBeDone = isRepeatable(request)
    ? ''
    : ' It may have been done all the same: look before you repeat it.';
  const cannot = `Cannot ${request.attempt}`;
  if (tooLate) {
    const seconds = Math.round((request.timeoutMs ?? door.timeoutMs) / 1000);
    return new Problem(
      'api_unanswered',
      `${cannot}: ${door.baseUrl} gave no answer within ${seconds} s.${mayBeDone}`,
    );
  }
  if (isProblem(error, 'api_unanswered')) {
    return new Problem(error.code, `${cannot}: ${error.detail}${mayBeDone}`, { cause: error });
  }
  if (isProblem(error)) return new Problem(error.code, `${cannot}: ${error.detail}`, { cause: error });
  return new Problem('api_unanswered', `${cannot}: ${door.baseUrl} cannot be reached.${mayBeDone}`, {
    cause: error,
  });
}

function interrupted(): Problem {
  return new Problem('interrupted', 'interrupted.');
}
