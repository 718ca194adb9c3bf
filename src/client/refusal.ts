import { Problem } from '../core/problem.ts';
import type { ProblemCode } from '../core/problem-codes.ts';
import type { ApiAnswer, ApiRequest } from './exchange.ts';

/** A server that answered, and not as was hoped. */
export class ApiRefusal extends Problem {
  readonly status: number;
  /** The server's own code and message, where it gave any. */
  readonly said: ServerError | null;
  readonly answer: ApiAnswer;

  constructor(code: ProblemCode, detail: string, answer: ApiAnswer, said: ServerError | null) {
    super(code, detail);
    this.status = answer.status;
    this.said = said;
    this.answer = answer;
  }
}

export interface ServerError {
  readonly code: string;
  readonly message: string;
}

interface Meaning {
  readonly code: ProblemCode;
  /** Said when the server says nothing. */
  readonly words: string;
}

const meanings: ReadonlyMap<number, Meaning> = new Map([
  [400, { code: 'api_invalid', words: 'the request is refused' }],
  [401, { code: 'api_unauthenticated', words: 'the credentials are not accepted' }],
  [403, { code: 'api_forbidden', words: 'not permitted' }],
  [404, { code: 'api_missing', words: 'it does not exist, or may not be seen' }],
  [405, { code: 'api_not_allowed', words: 'not allowed there' }],
  [409, { code: 'api_conflict', words: 'it is in conflict with what is there' }],
  [413, { code: 'api_too_large', words: 'it is larger than the server takes' }],
  [422, { code: 'api_invalid', words: 'the request is refused' }],
  [503, { code: 'api_unavailable', words: 'the server cannot do it now; try again in a moment' }],
]);
const messageLimit = 600;

/** The Problem for an answer that is no success: it names the status and what the server said. */
export function refusalOf(request: ApiRequest, answer: ApiAnswer): ApiRefusal {
  const { code, words } = meanings.get(answer.status) ?? meaningOfClass(answer.status);
  const said = errorOf(answer);
  const message = said === null ? plainText(answer) : said.message;
  const why = message === null || quotesSecret(message, request) ? words : readable(message);
  return new ApiRefusal(code, `Cannot ${request.attempt}: ${why} (${answer.status}).`, answer, said);
}

/** `{error: {code, message}}`, as Conjur has it; null when the body is something else. */
export function errorOf(answer: ApiAnswer): ServerError | null {
  const error = recordOf(jsonOf(answer))?.['error'];
  const fields = recordOf(error);
  const { code, message } = fields ?? {};
  if (typeof message !== 'string') return null;
  return { code: typeof code === 'string' ? code : '', message };
}

/** The body as JSON, undefined when it is none. */
export function jsonOf(answer: ApiAnswer): unknown {
  try {
    return JSON.parse(textOf(answer));
  } catch {
    return undefined;
  }
}

export function textOf(answer: ApiAnswer): string {
  return new TextDecoder().decode(answer.bytes);
}

/** A JSON object's fields, null when `value` is none. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}

function meaningOfClass(status: number): Meaning {
  if (status >= 500) return { code: 'api_unavailable', words: 'the server failed' };
  if (status >= 400) return { code: 'api_invalid', words: 'the request is refused' };
  return { code: 'api_unexpected', words: 'this is no answer of a Conjur API; check the URL' };
}

/** The page of a proxy is not quoted. */
function plainText(answer: ApiAnswer): string | null {
  if (answer.header('content-type')?.startsWith('text/plain') !== true) return null;
  const text = textOf(answer).trim();
  return text === '' ? null : text;
}

function quotesSecret(message: string, request: ApiRequest): boolean {
  return (request.secrets ?? []).some((secret) => {
    const text = secret.reveal();
    return text !== '' && message.includes(text);
  });
}

/** In one line, without what could steer a terminal, and without a full stop of its own. */
function readable(message: string): string {
  const line = message.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim();
  const short = line.length > messageLimit ? `${line.slice(0, messageLimit)}…` : line;
  return short.replace(/\.$/, '');
}
