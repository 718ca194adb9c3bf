import { isParked, variablePath } from './layout.ts';
import type { SourceAccount } from './source-state.ts';
import type { ForeignPermit, TargetVariable } from './target-state.ts';
import type { WantedSafe } from './wanted.ts';

/** A variable under a name that its account has no more. */
export interface Former {
  readonly path: string;
  readonly permits: readonly ForeignPermit[];
}

/** By account key and property. */
export type Formers = ReadonlyMap<string, ReadonlyMap<string, Former>>;

/** For each account that is called otherwise now: its variables under the name before, by property. */
export function formerVariables<A extends SourceAccount>(
  wanted: WantedSafe<A>,
  there: ReadonlyMap<string, TargetVariable>,
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
    // Of several names before, those who were let in under any of them are let in.
    const earlier = ofAccount.get(now.property);
    ofAccount.set(now.property, {
      path: isParked(path) && earlier !== undefined ? earlier.path : path,
      permits: [...(earlier?.permits ?? []), ...foreignPermits],
    });
  }
  return former;
}

/**
 * An account that has a name again under which it still has a variable: the one that it had until now, with the permissions that
 * are missing on the other. null: it is called as it was, or nobody knows how it was called.
 */
export function renamedBack(
  there: ReadonlyMap<string, TargetVariable>,
  { key, property, path }: { readonly key: string; readonly property: string; readonly path: string },
  nameBefore: string | null,
  nameNow: string,
): Former | null {
  if (nameBefore === null || nameBefore === nameNow) return null;
  const pathBefore = variablePath(nameBefore, property);
  const before = there.get(pathBefore);
  if (before?.account !== key) return null;
  const present = there.get(path)?.foreignPermits ?? [];
  const isMissing = (permit: ForeignPermit): boolean =>
    !present.some(({ role, privilege }) => role === permit.role && privilege === permit.privilege);
  return { path: pathBefore, permits: before.foreignPermits.filter(isMissing) };
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
