import { isProblem, type Problem } from '../../core/problem.ts';
import type { ProblemCode } from '../../core/problem-codes.ts';

const fatal: readonly ProblemCode[] = [
  'interrupted',
  'no_authority',
  'api_unauthenticated',
  'peer_untrusted',
  'peer_unreachable',
  'disk_full', // what is done from here on would not be remembered
];
/** So many failures one after the other are no matter of single accounts. */
const mostInARow = 10;
/**
 * Of failures that the vault itself told, each in its own words and about one account, so many are bearable: there may be folders full of
 * accounts that are broken. A vault that says nothing else is not asked for thousands of them.
 */
const mostFaultyInSafe = 200;
const mostFaultyInLob = 1000;
/** So many safes that were given up one after the other are no matter of single safes. */
const mostSafesInARow = 3;

/** Where something was tried. */
export interface Place {
  readonly lob: string;
  readonly branch: string;
}

/**
 * Tells failures of one account from those of a safe, of a line of business, and from those after which nothing more will succeed:
 * a source that fails is given up safe by safe, then line of business by line of business; a target that fails ends the pass.
 */
export interface FailureJudge {
  /** An account went from source to target. */
  readonly succeeded: (place: Place) => void;
  /** The target took a policy, which says nothing about the source. */
  readonly loaded: () => void;
  /** @throws the error itself when the pass has to end, or it is no Problem */
  readonly failed: (error: unknown, place: Place) => Problem;
  /** Why nothing more is asked of the source there; null: it is. */
  readonly givenUp: (place: Place) => string | null;
}

export function judgeFailures(): FailureJudge {
  let ofTarget = 0;
  const silentInSafes = new Map<string, number>();
  const faultyInSafes = new Map<string, number>();
  const faultyInLobs = new Map<string, number>();
  const safesInARow = new Map<string, number>();
  const given = new Map<string, string>(); // by `safe …` and `lob …`
  const giveUpSafe = ({ lob, branch }: Place, count: number, fault: string): void => {
    if (given.has(`safe ${branch}`)) return; // others were under way
    given.set(`safe ${branch}`, `${count} accounts failed one after the other (${fault}).`);
    const inARow = (safesInARow.get(lob) ?? 0) + 1;
    safesInARow.set(lob, inARow);
    if (inARow >= mostSafesInARow)
      given.set(`lob ${lob}`, `${inARow} safes failed one after the other (${fault}).`);
  };
  const countSource = ({ code, detail }: Problem, place: Place): void => {
    const { lob, branch } = place;
    if (code === 'source_unauthenticated') given.set(`lob ${lob}`, detail);
    if (isSilence(code) && oneMore(silentInSafes, branch) >= mostInARow)
      giveUpSafe(place, mostInARow, detail);
    if (code !== 'source_faulty') return;
    if (oneMore(faultyInSafes, branch) >= mostFaultyInSafe) giveUpSafe(place, mostFaultyInSafe, detail);
    if (oneMore(faultyInLobs, lob) >= mostFaultyInLob)
      given.set(`lob ${lob}`, `${mostFaultyInLob} accounts failed one after the other (${detail}).`);
  };
  return {
    succeeded: ({ lob, branch }) => {
      ofTarget = 0;
      silentInSafes.delete(branch);
      faultyInSafes.delete(branch);
      faultyInLobs.delete(lob);
      safesInARow.delete(lob);
    },
    loaded: () => {
      ofTarget = 0;
    },
    failed: (error, place) => {
      if (!isProblem(error) || fatal.includes(error.code)) throw error;
      countSource(error, place);
      if (error.code.startsWith('source_')) return error;
      const passes = error.kind === 'unavailable' || error.kind === 'timeout';
      ofTarget = passes ? ofTarget + 1 : 0;
      if (ofTarget >= mostInARow) throw error;
      return error;
    },
    givenUp: ({ lob, branch }) => given.get(`lob ${lob}`) ?? given.get(`safe ${branch}`) ?? null,
  };
}

/** Whether the source failed, be it for one account, rather than said no, or gave what cannot be used. */
export function isSourceFailure({ code }: Problem): boolean {
  return isSilence(code) || code === 'source_faulty';
}

/** No answer of the vault's own. */
function isSilence(code: ProblemCode): boolean {
  return code === 'source_unavailable' || code === 'source_unanswered';
}

function oneMore(counts: Map<string, number>, key: string): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
