import { isProblem, Problem } from '../../core/problem.ts';

/** So many calls in a row that nobody answered are no matter of single lists. */
const mostInARow = 3;
/** So many lines of business that were given up one after the other are no matter of single users or mounts. */
const mostLobsInARow = 3;

/** Lets a call through, or refuses it because the vault has not answered those before. Calls under way are stopped then, too. */
export type ListGate = <T>(call: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

/**
 * Gives a source up that does not answer while it is listed: each call that hangs costs minutes, with all its attempts, and everything
 * else waits for the last of them. A line of business is given up after a few calls in a row, a source after a few such lines of business.
 * A call during which the vault has answered another one does not count: the fault lies with what it asked for.
 *
 * @returns makes the gate of one line of business. It refuses with Problem `source_unanswered`
 */
export function openListGates(): () => ListGate {
  let answersOfSource = 0;
  let lobsInARow = 0;
  return () => {
    let answers = 0;
    let inARow = 0;
    let why: string | null = null;
    const closed = new AbortController();
    const answered = (): void => {
      answers += 1;
      answersOfSource += 1;
      inARow = 0;
      lobsInARow = 0;
    };
    const unanswered = ({ detail }: Problem, ofSource: number): void => {
      inARow += 1;
      if (inARow < mostInARow || why !== null) return;
      why = `${mostInARow} lists in a row were not answered (${detail})`;
      if (answersOfSource === ofSource) lobsInARow += 1;
      closed.abort();
    };
    return async (call, signal) => {
      if (why !== null) throw notRead(why);
      if (lobsInARow >= mostLobsInARow)
        throw notRead(`${lobsInARow} lines of business in a row did not answer`);
      const before = { own: answers, ofSource: answersOfSource };
      try {
        const answer = await call(AbortSignal.any([signal, closed.signal]));
        answered();
        return answer;
      } catch (error) {
        if (isProblem(error, 'interrupted') && why !== null && !signal.aborted) throw notRead(why);
        if (isProblem(error, 'source_unanswered')) {
          if (answers === before.own) unanswered(error, before.ofSource);
        } else if (isProblem(error) && error.code !== 'interrupted') answered();
        throw error;
      }
    };
  };
}

function notRead(why: string): Problem {
  return new Problem('source_unanswered', `The vault is not asked for it in this pass: ${why}.`);
}
