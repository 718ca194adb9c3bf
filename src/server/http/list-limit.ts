import { Problem } from '../../core/problem.ts';

/** What old clients say; accepted, as by Conjur, whatever the greatest limit is. */
const legacyLimit = 10_000;

/** @throws Problem `content_unprocessable` when a list may not be so long */
export function refuseLongLists(limit: number | null, listLimitMax: number): void {
  if (limit === null || limit <= listLimitMax || limit === legacyLimit) return;
  throw new Problem('content_unprocessable', `'Limit' parameter must not exceed ${listLimitMax}`);
}
