import type { SafePlan } from '../../core/sync/plan.ts';
import type { CarryContext } from './carry-context.ts';

/**
 * Keys of the accounts of a safe that cannot have all that the plan makes for them, since something of it is held; and of those that
 * wait because of them: what an account had is given to no other while it waits. What waits is held, and nothing is taken away of it.
 */
export function waitingAccounts(
  { held, failedAccounts }: Pick<CarryContext, 'held' | 'failedAccounts'>,
  { branch, create, permit, enable, rekey, replace }: SafePlan,
): ReadonlySet<string> {
  const reused = [...rekey, ...replace];
  const takers = Map.groupBy(reused, ({ formerAccount }) => formerAccount);
  const next = [...create, ...permit, ...enable, ...reused]
    .filter(({ path }) => held.has(`${branch}/${path}`))
    .map(({ account }) => account);
  const waiting = new Set<string>();
  for (let account = next.pop(); account !== undefined; account = next.pop()) {
    if (waiting.has(account)) continue;
    waiting.add(account);
    failedAccounts.add(account);
    for (const taker of takers.get(account) ?? []) {
      const identifier = `${branch}/${taker.path}`;
      if (!held.has(identifier)) held.set(identifier, 'waits');
      next.push(taker.account);
    }
  }
  return waiting;
}
