/** One figure of a benchmark, and the reference that was measured in the same run. */
export interface Figure {
  readonly name: string;
  /** Of `ours` and `reference`. */
  readonly unit: string;
  readonly ours: number;
  /** Null where there is nothing to compare with. */
  readonly reference: number | null;
  /** `ours` / `reference`. */
  readonly ratio: number | null;
  /** What the ratio (or, without a reference, the details) shall reach, in words. */
  readonly goal: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** How large single benchmarks are. */
export interface Sizes {
  /** Of `audit-drain`: the backlog. */
  readonly records: number;
  /** Of `fanout`: how many followers there are, one cluster after the other. */
  readonly followers: readonly number[];
  /** Of `fanout`: reads a second, of all followers together. */
  readonly rate: number;
  /** Of `sync`: lines of business. */
  readonly lobs: number;
  /** Of `sync`: only this part of it. */
  readonly part: 'all' | 'passes' | 'takeover';
}

/** The middle one of an odd number of measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** A figure from rounds in which ours and the reference took turns. */
export function compared(
  about: Pick<Figure, 'name' | 'unit' | 'goal'>,
  rounds: readonly { readonly ours: number; readonly reference: number }[],
  details: Figure['details'] = {},
): Figure {
  const ours = median(rounds.map((round) => round.ours));
  const reference = median(rounds.map((round) => round.reference));
  return {
    ...about,
    ours,
    reference,
    ratio: Number((ours / reference).toFixed(3)),
    details: { ...details, rounds },
  };
}
