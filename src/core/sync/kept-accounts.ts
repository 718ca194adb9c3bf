import type { SourceAccount } from './source-state.ts';
import type { TargetVariable } from './target-state.ts';
import type { WantedSafe } from './wanted.ts';

type Variables = ReadonlyMap<string, Pick<TargetVariable, 'account'>>;

/**
 * Whether what there is of an account (by its key) stays as it is: it cannot be written now, may be the one that could not be read, or
 * waits, since one of its names is taken by something foreign or by an account that itself keeps what it has.
 */
export function keptAccounts<A extends SourceAccount>(
  wanted: WantedSafe<A>,
  there: Variables,
): (account: string) => boolean {
  const free = new Set(wanted.accounts.map(({ key }) => key));
  const waiting = new Set<string>();
  const isKept = (account: string): boolean =>
    waiting.has(account) || wanted.blockedKeys.has(account) || (wanted.hidesOne && !free.has(account));
  const inTheWay = takenNames(wanted, there);
  const next = inTheWay.filter(({ holder }) => holder === null || isKept(holder)).map(({ key }) => key);
  const behind = Map.groupBy(inTheWay, ({ holder }) => holder);
  // Whoever waits makes those wait who take its names; each account once.
  for (let key = next.pop(); key !== undefined; key = next.pop()) {
    if (waiting.has(key)) continue;
    waiting.add(key);
    next.push(...(behind.get(key) ?? []).map((each) => each.key));
  }
  return isKept;
}

/** Accounts that have a name now under which something else lies, and whose it is; null: nobody's that we know. */
function takenNames<A extends SourceAccount>(
  { accounts }: WantedSafe<A>,
  there: Variables,
): readonly { readonly key: string; readonly holder: string | null }[] {
  return accounts.flatMap(({ key, variables }) =>
    [...variables.values()].flatMap((path) => {
      const present = there.get(path);
      return present === undefined || present.account === key ? [] : [{ key, holder: present.account }];
    }),
  );
}
