import { isProblem, Problem } from '../../core/problem.ts';

/** To servers with the Conjur API, what may not be seen is not there: their words mislead. Other errors stay as they are. */
export function maybeUnseen(error: unknown): unknown {
  if (!isProblem(error, 'api_missing', 'api_forbidden')) return error;
  const sentence = `${error.detail} It may be there, and may not be seen or written by the one who writes; run "holdfast sync init --config" with this configuration, and "holdfast sync doctor".`;
  return new Problem(error.code, sentence, { cause: error });
}
