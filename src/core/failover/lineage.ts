import type { LineageStep } from './cluster-state.ts';

/**
 * Whether a log that ends at `lsn` on `timeline` is a prefix of the log with this lineage. Timeline numbers name
 * promotions for the whole cluster: each is planned under the lock and written to `history` once.
 */
export function isPrefix(
  position: { readonly timeline: number; readonly lsn: bigint },
  lineage: readonly LineageStep[],
): boolean {
  const step = lineage.find((candidate) => candidate.timeline === position.timeline);
  if (step === undefined) return false;
  return step.endLsn === null || position.lsn <= step.endLsn;
}
