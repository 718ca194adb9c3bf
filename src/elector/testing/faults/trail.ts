/** One act of a leader, in the order in which they reached the witness. */
export interface Act {
  readonly task: string;
  readonly token: string;
  /** When its task looked whether it may, in nanoseconds of the clock that all processes of a machine share. */
  readonly lookedAtNs: bigint;
}

/** What leaders did. */
export interface Trail {
  readonly acts: readonly Act[];
  /** Acts that did not come to pass, because their token was older than one before. */
  readonly refused: readonly Act[];
  /**
   * Acts by whom a look told that it leads, when another one's had told so already: none of them, as long as authority never
   * overlaps. An act that is only late is none: whoever is stopped between look and act acts when it goes on, which no lease
   * can prevent. That is what tokens are for, and why it is refused.
   */
  readonly overlapping: readonly Act[];
  /** Whether it came to pass. */
  readonly add: (act: Act) => boolean;
}

interface Term {
  readonly token: string;
  readonly first: Act;
  last: Act;
}

export function createTrail(): Trail {
  const acts: Act[] = [];
  const refused: Act[] = [];
  const overlapping: Act[] = [];
  let newest: Term | null = null;

  const addToNewest = (act: Act): void => {
    if (newest?.token === act.token) {
      newest.last = act;
      return;
    }
    if (newest !== null && newest.last.lookedAtNs >= act.lookedAtNs) overlapping.push(newest.last);
    newest = { token: act.token, first: act, last: act };
  };

  const add = (act: Act): boolean => {
    acts.push(act);
    if (newest !== null && act.token < newest.token) {
      refused.push(act);
      if (act.lookedAtNs >= newest.first.lookedAtNs) overlapping.push(act);
      return false;
    }
    addToNewest(act);
    return true;
  };

  return { acts, refused, overlapping, add };
}
