import type { ElectorLog } from './log.ts';

/** Says the first failure of a row loudly and the others quietly, and when it is over. */
export interface Streaks {
  readonly failed: (what: string, sentence: string) => void;
  /** @param isOfStore false: it was answered at this end, so the row is over, and of the store nothing is known yet; true unless told */
  readonly succeeded: (what: string, isOfStore?: boolean) => void;
}

export function createStreaks(log: ElectorLog): Streaks {
  const failing = new Map<string, string>();
  let isOwed = false;
  return {
    failed: (what, sentence) => {
      if (failing.get(what) === sentence) log.debug(sentence);
      else log.warn(sentence);
      failing.set(what, sentence);
    },
    succeeded: (what, isOfStore = true) => {
      isOwed = failing.delete(what) || isOwed;
      if (!isOwed || !isOfStore) return;
      isOwed = false;
      log.info('the store answers again.');
    },
  };
}
