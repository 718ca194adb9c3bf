import { isProblem, Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';
import type { WebRequest } from './web-api.ts';

interface Meaning {
  readonly code: ProblemCode;
  /** Said when the vault says nothing. */
  readonly words: string;
}

const meanings: ReadonlyMap<number, Meaning> = new Map([
  [401, { code: 'source_unauthenticated', words: 'the credentials are not accepted' }],
  [403, { code: 'source_forbidden', words: 'not permitted' }],
  [404, { code: 'source_missing', words: 'it does not exist, or may not be seen' }],
  [429, { code: 'source_unavailable', words: 'too many requests' }],
]);
/** What gateways say of a vault that gave them no answer. */
const ofGateways: readonly number[] = [502, 504];
/** A vault that serves nobody now (it is sealed, or in maintenance), whatever it says. */
const servesNobody = 503;
const wordsLimit = 300;

/**
 * The Problem for an answer that is none.
 *
 * @param said the vault's own words; null: somebody else's, or none
 * @param more what is to be added to the sentence
 */
export function refusal(request: WebRequest, status: number, said: string | null, more: string): Problem {
  const { code, words } = meanings.get(status) ?? meaningOfClass(request, status, said !== null);
  const line = said?.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim() ?? '';
  const quotes = request.secrets?.some((secret) => line.includes(secret.reveal())) === true;
  const why = line === '' || quotes ? words : line.slice(0, wordsLimit).replace(/\.$/u, '');
  return new Problem(code, `Cannot ${request.attempt}: ${why} (${status})${more}.`);
}

/** Whether the vault itself has said no, so that the same request is of no use a moment later. */
export function isRefusal(error: unknown): boolean {
  return isProblem(error) && ['unauthenticated', 'forbidden', 'not_found', 'invalid'].includes(error.kind);
}

/** A PVWA answers 500 with an ErrorCode for an account that it cannot handle, and serves all others. */
function meaningOfClass({ ofOne = false }: WebRequest, status: number, isOwnWord: boolean): Meaning {
  if (status < 500) return { code: 'source_refused', words: 'the request is refused' };
  if (ofGateways.includes(status))
    return { code: 'source_unanswered', words: 'the gateway has no answer of the vault' };
  const isOfOne = ofOne && isOwnWord && status !== servesNobody;
  return { code: isOfOne ? 'source_faulty' : 'source_unavailable', words: 'the vault failed' };
}
