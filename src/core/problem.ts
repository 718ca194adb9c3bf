import { type ProblemCode, problemKinds } from './problem-codes.ts';

/** The coarse class of a failure: what decides an exit code, an HTTP status, a retry. */
export type ProblemKind =
  | 'usage' // the caller typed something that can never work
  | 'invalid' // well-formed, but its content is refused
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'not_allowed'
  | 'too_large'
  | 'unavailable' // right now; trying again may help
  | 'timeout'
  | 'internal'; // a fault of ours: its text never leaves the process

/**
 * The one error that crosses room borders. Adapters translate foreign errors into it at their own door; whatever is not
 * a Problem by the time it reaches an edge (HTTP, CLI) is a fault and is shown without its text.
 *
 * `detail` is a sentence for people: it names the field and the way out, and never holds a secret.
 */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly kind: ProblemKind;
  readonly detail: string;

  constructor(code: ProblemCode, detail: string, options?: { readonly cause?: unknown }) {
    super(`${code}: ${detail}`, options);
    this.name = 'Problem';
    this.code = code;
    this.kind = problemKinds[code];
    this.detail = detail;
  }
}

/** Whether `error` is a Problem, of one of `codes` where any are given. */
export function isProblem(error: unknown, ...codes: readonly ProblemCode[]): error is Problem {
  return error instanceof Problem && (codes.length === 0 || codes.includes(error.code));
}

/** A sentence for a log line or a report, whatever was thrown. Texts of foreign errors are kept: never use it towards clients. */
export function describeError(error: unknown): string {
  if (error instanceof Problem) return error.detail;
  if (error instanceof Error) return error.message === '' ? error.name : error.message;
  return String(error);
}
