import type { ReusedVariable, SafePlan } from '../../core/sync/plan.ts';
import type { Unreadable } from './unreadable.ts';

type Moves = Pick<SafePlan, 'rekey' | 'replace'>;

/**
 * The variables that can pass to other accounts now. Those that are made anew do so together or not at all: what is deleted for one of
 * them may be where another comes from. Where one of the others stays behind, so do those that would take what its account has.
 *
 * @param isHeld none can be made anew, whatever the source gives
 */
export function handOver({ rekey, replace }: Moves, { unread, blank }: Unreadable, isHeld: boolean): Moves {
  const waiting = new Set<string>();
  const isWaiting = ({ account, formerAccount }: ReusedVariable): boolean =>
    waiting.has(account) || waiting.has(formerAccount);
  for (const { account } of rekey) if (unread.has(account) || blank.has(account)) waiting.add(account);
  let areMade = !isHeld && !replace.some(({ account }) => unread.has(account));
  for (let before = -1; before !== waiting.size; ) {
    before = waiting.size;
    areMade &&= !replace.some(isWaiting);
    const held = [...rekey.filter(isWaiting), ...(areMade ? [] : replace)];
    for (const { account } of held) waiting.add(account);
  }
  return { rekey: rekey.filter((each) => !isWaiting(each)), replace: areMade ? replace : [] };
}
