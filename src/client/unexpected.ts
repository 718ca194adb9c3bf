import { Problem } from '../core/problem.ts';

/** An answer of success whose content is not that of a Conjur API. Nothing of it is quoted: it may hold a key. */
export function unexpectedAnswer(attempt: string): Problem {
  return new Problem(
    'api_unexpected',
    `Cannot ${attempt}: the answer is not one of a Conjur API; check the URL.`,
  );
}
