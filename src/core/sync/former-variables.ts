import { isParked, variablePath } from './layout.ts';
import type { SourceAccount } from './source-state.ts';
import type { ForeignPermit, TargetVariable } from './target-state.ts';
import type { WantedSafe } from './wanted.ts';

/** What an account has under names that it has no more. */
export interface Former {
  /** Under its last name, where that is known, or else under any. */
  readonly path: string;
  /** Of several names before, those who were let in under any of them are let in. */
  readonly permits: readonly ForeignPermit[];
  /** Those of them that wait for a variable that a pass which ended early was making anew. */
  readonly parked: readonly ForeignPermit[];
}

/** By account key and property. */
export type Formers = ReadonlyMap<string, ReadonlyMap<string, Former>>;

/** For each account that is called otherwise now: its variables under the names before, by property. */
export function formerVariables<A extends SourceAccount>(
  wanted: WantedSafe<A>,
  there: ReadonlyMap<string, TargetVariable>,
  nameBefore: (key: string) => string | null,
): Formers {
  const properties = new Map(
    wanted.accounts.map(({ key, variables }) => [
      key,
      new Map(Array.from(variables, ([property, path]) => [lastPart(path), { property, path }])),
    ]),
  );
  const former = new Map<string, Map<string, Former>>();
  for (const [path, { account, foreignPermits }] of there) {
    const now = account === null ? undefined : properties.get(account)?.get(lastPart(path));
    if (account === null || now === undefined || now.path === path) continue;
    const ofAccount = former.get(account) ?? new Map<string, Former>();
    former.set(account, ofAccount);
    const earlier = ofAccount.get(now.property);
    const name = nameBefore(account);
    const last = name === null ? null : variablePath(name, now.property);
    ofAccount.set(now.property, {
      path: earlier === undefined ? path : laterOf(earlier.path, path, last),
      permits: [...(earlier?.permits ?? []), ...foreignPermits],
      parked: [...(earlier?.parked ?? []), ...(isParked(path) ? foreignPermits : [])],
    });
  }
  return former;
}

function laterOf(one: string, other: string, last: string | null): string {
  if (isParked(one) || other === last) return other;
  return isParked(other) || one === last ? one : other;
}

/**
 * An account that has a name again under which it still has a variable: what it had until now. Where its last name was given away by a
 * pass that ended early, that is all that it has elsewhere. null: it is called as it was, or nobody knows how it was called.
 */
export function renamedBack(
  there: ReadonlyMap<string, TargetVariable>,
  { key, property }: { readonly key: string; readonly property: string },
  former: Former | undefined,
  { before, now }: { readonly before: string | null; readonly now: string },
): Pick<Former, 'path' | 'permits'> | null {
  if (before === null || before === now) return null;
  const path = variablePath(before, property);
  const last = there.get(path);
  return last?.account === key ? { path, permits: last.foreignPermits } : (former ?? null);
}

/** Those of some permissions that single roles do not have on a variable. */
export function lackingOn(
  { foreignPermits }: Pick<TargetVariable, 'foreignPermits'>,
  permits: readonly ForeignPermit[],
): readonly ForeignPermit[] {
  return permits.filter(
    (permit) =>
      !foreignPermits.some(({ role, privilege }) => role === permit.role && privilege === permit.privilege),
  );
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
