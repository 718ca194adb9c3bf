import type { DriftPolicy } from './rules.ts';

/** Digests of the value of one variable, under one key; null where there is none. */
export interface ValueDigests {
  readonly source: string;
  /** Of what was written last. */
  readonly left: string | null;
  /** Of what is in the target; undefined: nobody looked. */
  readonly target: string | null | undefined;
}

/**
 * - `same`: nothing to do
 * - `write`: the source has another value
 * - `mend`: somebody else changed the target, and the source's value goes back
 * - `drifted`: the same, and it is only told
 */
export type ValueVerdict = 'same' | 'write' | 'mend' | 'drifted';

export function judgeValue({ source, left, target }: ValueDigests, drift: DriftPolicy): ValueVerdict {
  if (target === undefined) return left === source ? 'same' : 'write';
  if (target === source) return 'same';
  if (target === null || left !== source) return 'write';
  return drift === 'repair' ? 'mend' : 'drifted';
}
