import type { ApiAnswer } from './exchange.ts';
import { errorOf } from './refusal.ts';

const pauseLeastMs = 250;
const pauseMostMs = 8000;
/** Where the server does not say how long: a load balancer between two masters has no word on that. */
const usualPauseMs = 1000;

/**
 * How long to wait before the same request is sent again; null: not again.
 *
 * - 503 says that the server cannot now. What may be repeated is sent again; anything else only where the server names a
 *   time, and never where it says that the write may have been done: a policy that is loaded twice gives no API keys the
 *   second time.
 * - 409 with `policy_conflict` says that another load was under way and nothing was done.
 */
export function waitBeforeRetryMs(repeatable: boolean, answer: ApiAnswer): number | null {
  const named = retryAfterMs(answer.header('retry-after'));
  if (answer.status === 409) {
    return errorOf(answer)?.code === 'policy_conflict' ? (named ?? usualPauseMs) : null;
  }
  if (answer.status !== 503) return null;
  if (repeatable) return named ?? usualPauseMs;
  return errorOf(answer)?.code === 'write_indeterminate' ? null : named;
}

/** RFC 9110, 10.2.3: seconds; the form with a date is passed over, since clocks differ. */
function retryAfterMs(header: string | null): number | null {
  if (header === null || !/^\d{1,6}$/.test(header.trim())) return null;
  return Math.min(pauseMostMs, Math.max(pauseLeastMs, Number(header) * 1000));
}
