import type { ElectorLog } from './log.ts';

/** Says the first failure of a row loudly and the others quietly, and when it is over. */
export interface Streaks {
  readonly failed: (what: string, sentence: string) => void;
  readonly succeeded: (what: string) => void;
}

export function createStreaks(log: ElectorLog): Streaks {
  const failing = new Map<string, string>();
  return {
    failed: (what, sentence) => {
      if (failing.get(what) === sentence) log.debug(sentence);
      else log.warn(sentence);
      failing.set(what, sentence);
    },
    succeeded: (what) => {
      if (failing.delete(what)) log.info('the store answers again.');
    },
  };
}
