/** One act of a leader, in the order in which they reached the witness. */
export interface Act {
  readonly task: string;
  readonly token: string;
  /** Its task runs under a slow clock. */
  readonly isSlow: boolean;
  /** When its task looked whether it may, in nanoseconds of the clock that all tasks share, but those that are slow. */
  readonly lookedAtNs: bigint;
}

/** What leaders did. */
export interface Trail {
  readonly acts: readonly Act[];
  /** Acts that did not come to pass, because their token was older than one before. */
  readonly refused: readonly Act[];
  /**
   * Acts by whom a look told that it leads while looks of another one told so, too: none of them, as long as authority never
   * overlaps. An act that is only late is none: whoever is stopped between look and act acts when it goes on, which no lease
   * can prevent. That is what tokens are for, and why it is refused. Slow clocks are not compared: they do overlap.
   */
  readonly overlapping: readonly Act[];
  readonly add: (act: Act) => void;
}

/** The looks by one token. */
interface Term {
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

export function createTrail(): Trail {
  const acts: Act[] = [];
  const refused: Act[] = [];
  const overlapping: Act[] = [];
  const terms = new Map<string, Term>();
  let newest = '';

  const judge = (act: Act): void => {
    const { token, lookedAtNs } = act;
    const isOverlap = Array.from(terms).some(([other, { firstNs, lastNs }]) =>
      other > token ? firstNs <= lookedAtNs : other < token && lastNs >= lookedAtNs,
    );
    if (isOverlap) overlapping.push(act);
    terms.set(token, { firstNs: terms.get(token)?.firstNs ?? lookedAtNs, lastNs: lookedAtNs });
  };

  const add = (act: Act): void => {
    acts.push(act);
    if (act.token < newest) refused.push(act);
    else newest = act.token;
    if (!act.isSlow) judge(act);
  };

  return { acts, refused, overlapping, add };
}
