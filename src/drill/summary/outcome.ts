import type { Verdict } from '../../core/drill/verdict.ts';

/**
 * How a round went. Violations outweigh whatever else a report says, and what was not in effect is no pass: a page must
 * not call safe what was never tried.
 */
export function outcomeOf({ result, tookEffect, violations }: Verdict): Verdict['result'] {
  if (result === 'failed' || violations.length > 0) return 'failed';
  return tookEffect ? result : 'no effect';
}
