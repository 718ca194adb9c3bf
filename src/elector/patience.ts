import type { ElectionAction } from '../core/election/action.ts';
import { isProblem, type ProblemKind } from '../core/problem.ts';

type Call = ElectionAction['kind'];

const hopelessKinds: readonly ProblemKind[] = ['forbidden', 'invalid', 'unauthenticated', 'usage'];

/** Which failures a run ends of, and which it bears. */
export interface Patience {
  /** Whether it is hopeless. */
  readonly failed: (call: Call, error: unknown) => boolean;
  readonly succeeded: (call: Call) => void;
  /** How long to wait before a session is asked for again; null: as after any failure. */
  readonly pauseMs: () => number | null;
}

/**
 * What can never work ends the run: a wrong setting, a wrong key, a missing permission, at the first call of its kind. A store that
 * cannot be reached ends it only before the first session was had, after so many attempts; later it will be there again. A lead that was
 * won and may not be kept ends it at any time.
 *
 * @param attempts to open the first session; unbounded unless told
 * @param pauseMs between them
 */
export function createPatience(attempts: number = Infinity, pauseMs: number | null = null): Patience {
  const worked = new Set<Call>();
  let left = attempts;
  let isSick = false;
  return {
    succeeded: (call) => void worked.add(call),
    failed: (call, error) => {
      // Also of one that has led before: it would win and lose, and keep others from leading.
      if (isProblem(error, 'term_refused')) return true;
      if (worked.has(call)) return false;
      if (isProblem(error) && hopelessKinds.includes(error.kind)) return true;
      // A sick task waits until it is well.
      isSick = isProblem(error, 'consul_check_critical');
      if (call !== 'open' || isSick) return false;
      left -= 1;
      return left <= 0;
    },
    pauseMs: () => (isSick || worked.has('open') ? null : pauseMs),
  };
}
