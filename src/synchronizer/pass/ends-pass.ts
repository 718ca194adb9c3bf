import { isProblem, type Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';

const fatal: readonly ProblemCode[] = [
  'interrupted',
  'no_authority',
  'api_unauthenticated',
  'peer_untrusted',
  'peer_unreachable',
];
/** So many failures one after the other are no matter of single accounts. */
const mostInARow = 10;

/** Tells failures of one account from those after which nothing more will succeed. */
export interface FailureJudge {
  readonly succeeded: () => void;
  /** @throws the error itself when the pass has to end, or it is no Problem */
  readonly failed: (error: unknown) => Problem;
}

export function judgeFailures(): FailureJudge {
  let inARow = 0;
  return {
    succeeded: () => {
      inARow = 0;
    },
    failed: (error) => {
      if (!isProblem(error) || fatal.includes(error.code)) throw error;
      const passes = error.kind === 'unavailable' || error.kind === 'timeout';
      inARow = passes ? inARow + 1 : 0;
      if (inARow >= mostInARow) throw error;
      return error;
    },
  };
}
