/** What one contender has done so far. */
export interface Counts {
  elections: number;
  marksWritten: number;
  readonly calls: Map<string, { answered: number; failed: number }>;
  readonly called: (kind: string, hasFailed: boolean) => void;
}

export function createCounts(): Counts {
  const calls: Counts['calls'] = new Map();
  return {
    elections: 0,
    marksWritten: 0,
    calls,
    called: (kind, hasFailed) => {
      const count = calls.get(kind) ?? { answered: 0, failed: 0 };
      if (hasFailed) count.failed += 1;
      else count.answered += 1;
      calls.set(kind, count);
    },
  };
}
