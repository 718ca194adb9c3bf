import type { SyncPlan } from '../../core/sync/plan.ts';
import type { Reading } from '../../core/sync/source-state.ts';
import type { ListedAccount, ListedLob, ListedSafe, Source } from '../source/source.ts';

type Accounts = Reading<readonly ListedAccount[]>;
/** What the source says now of the safes from which a plan takes something away; null: all of them were looked at. */
export type SecondLook = (
  listed: readonly ListedLob[],
  plan: SyncPlan<ListedAccount>,
) => Promise<readonly ListedLob[] | null>;

/**
 * Asks a source again before anything is taken for gone: a list that moves while it is read page by page, or that comes from an index
 * which lags behind, may lack what is there. Gone is what is missing both times; a safe that cannot be read again was not read. It
 * costs nothing while nothing is gone, and each safe is asked for once in a pass.
 */
export function openSecondLook(source: Source, signal: AbortSignal): SecondLook {
  const seen = new Set<string>();
  return async (listed, plan) => {
    const doubtful = plan.safes
      .filter(({ disable, remove }) => disable.length + remove.length > 0)
      .filter(({ lob, safe }) => !seen.has(keyOf(lob, safe)));
    if (doubtful.length === 0) return null;
    const keys = new Set(doubtful.map(({ lob, safe }) => keyOf(lob, safe)));
    for (const key of keys) seen.add(key);
    const names = [...new Set(doubtful.map(({ safe }) => safe))];
    const again = new Map((await source.list(names, signal)).map((lob) => [lob.name, lob]));
    return listed.map((lob) => ({
      ...lob,
      safes: lob.safes.ok
        ? {
            ok: true,
            value: lob.safes.value.map((safe) =>
              keys.has(keyOf(lob.name, safe.name)) ? bothOf(safe, again.get(lob.name)) : safe,
            ),
          }
        : lob.safes,
    }));
  };
}

function keyOf(lob: string, safe: string): string {
  return JSON.stringify([lob, safe]);
}

/** A safe as two lists show it: what one of them has is there, as the second shows it. */
function bothOf({ name, accounts }: ListedSafe, again: ListedLob | undefined): ListedSafe {
  const second = accountsIn(name, again);
  if (!accounts.ok || !second.ok || second.value.length === 0) return { name, accounts: second };
  const ids = new Set(second.value.map(({ id }) => id));
  return {
    name,
    accounts: { ok: true, value: [...second.value, ...accounts.value.filter(({ id }) => !ids.has(id))] },
  };
}

function accountsIn(name: string, lob: ListedLob | undefined): Accounts {
  if (lob?.safes.ok === false) return lob.safes;
  const safe = lob?.safes.ok === true ? lob.safes.value.find((each) => each.name === name) : undefined;
  return safe?.accounts ?? { ok: false, fault: 'It was listed a moment ago, and is not any more.' };
}
