import { isProblem, type Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';

const fatal: readonly ProblemCode[] = [
  'interrupted',
  'no_authority',
  'api_unauthenticated',
  'peer_untrusted',
  'peer_unreachable',
];
/** So many failures one after the other are no matter of single accounts, but of their safe. */
const mostInSafe = 10;
/** Of so many safes one after the other, they are a matter of the vault or the server. */
const mostSafes = 3;

/**
 * Tells failures of one account from those of its safe, and both from those after which nothing more will succeed. A safe is given up so
 * that what cannot be had of it, with all its tries and pauses, takes no time from the others.
 */
export interface FailureJudge {
  readonly succeeded: (branch: string) => void;
  /** @throws the error itself when the pass has to end, or it is no Problem */
  readonly failed: (branch: string, error: unknown) => Problem;
  /** Why nothing more is to be tried in a safe; null: it is to be tried. */
  readonly givenUp: (branch: string) => Problem | null;
}

export function judgeFailures(): FailureJudge {
  const inARow = new Map<string, number>();
  const givenUp = new Map<string, Problem>();
  let safesInARow = 0;
  return {
    succeeded: (branch) => {
      inARow.delete(branch);
      safesInARow = 0;
    },
    failed: (branch, error) => {
      if (!isProblem(error) || fatal.includes(error.code)) throw error;
      const mayPass = error.kind === 'unavailable' || error.kind === 'timeout';
      const failures = mayPass ? (inARow.get(branch) ?? 0) + 1 : 0;
      inARow.set(branch, failures);
      if (failures < mostInSafe || givenUp.has(branch)) return error;
      givenUp.set(branch, error);
      safesInARow += 1;
      if (safesInARow >= mostSafes) throw error;
      return error;
    },
    givenUp: (branch) => givenUp.get(branch) ?? null,
  };
}
