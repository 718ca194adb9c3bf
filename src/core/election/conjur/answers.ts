/** What the answer to a leader's renewal says. */
export type RenewalVerdict = 'renewed' | 'deposed' | 'unclear';

/**
 * @param status of the POST of a new expiration by a term's writer. 401: its token is worth nothing any more; 403: the writer may not
 * (Conjur answers so for a role that was deleted)
 */
export function renewalVerdict(status: number): RenewalVerdict {
  if (status >= 200 && status < 300) return 'renewed';
  return status === 401 || status === 403 ? 'deposed' : 'unclear';
}

/** Another load of a policy is under way, and nothing was done: to be tried again, no loss. */
export function isBusy(status: number): boolean {
  return status === 409;
}
/**
 * What the answer to any other request of a leader says of its term. `ask`: a right is missing, or the writer is gone: a renewal tells
 * which.
 */
export function writeVerdict(status: number): 'deposed' | 'ask' | 'other' {
  if (status === 401) return 'deposed';
  return status === 403 || status === 404 ? 'ask' : 'other';
}
