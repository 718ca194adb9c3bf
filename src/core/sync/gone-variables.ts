import { isParked } from './layout.ts';
import type { GoneVariable } from './plan.ts';
import type { SourceAccount } from './source-state.ts';
import type { TargetVariable } from './target-state.ts';
import type { WantedSafe } from './wanted.ts';

interface GoneInput<A extends SourceAccount> {
  readonly wanted: WantedSafe<A>;
  readonly there: ReadonlyMap<string, TargetVariable>;
  /** `keptAccounts`. */
  readonly isKept: (account: string) => boolean;
}

/** Ours, in a safe that was read, and wanted by no account. */
export function goneVariables<A extends SourceAccount>({
  wanted,
  there,
  isKept,
}: GoneInput<A>): readonly GoneVariable[] {
  const paths = new Set(wanted.accounts.flatMap(({ variables }) => [...variables.values()]));
  return Array.from(there).flatMap(([path, { account }]) => {
    const stays =
      account === null ||
      isParked(path) ||
      paths.has(path) ||
      isKept(account) ||
      wanted.blockedNames.has(path.slice(0, path.indexOf('/')));
    return stays ? [] : [{ path, account }];
  });
}

/** Of accounts that are gone, or whose variables this plan makes; not of those that cannot be written now. */
export function parkedVariables<A extends SourceAccount>({
  there,
  isKept,
}: GoneInput<A>): readonly GoneVariable[] {
  return Array.from(there).flatMap(([path, { account }]) =>
    account === null || !isParked(path) || isKept(account) ? [] : [{ path, account }],
  );
}
