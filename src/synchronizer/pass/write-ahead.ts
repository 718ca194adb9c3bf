import type { SafePlan, SyncPlan } from '../../core/sync/plan.ts';
import { parkingOf } from '../../core/sync/safe-loads.ts';
import type { ListedAccount } from '../source/source.ts';
import { madeVariable, type SyncState } from '../state/state.ts';

/**
 * Keeps a state from claiming what a pass that ends at any moment has made untrue. Before anything is sent, the safes that will be
 * changed are doubtful, and the accounts that will be written unsure; that is saved once, for a save writes the whole state. What has
 * not begun when the pass ends is as it was left, and what is done is as it is remembered: their marks go.
 */
export interface WriteAhead {
  /** The marks say something that the state on the disk does not. */
  readonly isNeeded: boolean;
  /** Loads of this plan are sent from now on; those variables that it does not make after all are not made. */
  readonly beginMaking: (plan: SafePlan) => void;
  /** What is gone is taken from the safe of this branch from now on. */
  readonly beginClearing: (branch: string) => void;
  /** All loads that were sent into the safe are answered, and remembered. */
  readonly rest: (branch: string) => void;
  /** A value of the account is sent now. */
  readonly beginAccount: (key: string) => void;
  /** The account is remembered as it is, or as one that is looked at again. */
  readonly settleAccount: (key: string) => void;
  /** The next pass looks at the safe of this branch. */
  readonly doubt: (branch: string) => void;
  /** The pass is over, however it ended. */
  readonly end: () => void;
}

/** @param looked branches of doubtful safes that were looked at to make the plan */
export function openWriteAhead(
  state: SyncState,
  plan: SyncPlan<ListedAccount>,
  looked: ReadonlySet<string>,
): WriteAhead {
  // Of a vault that was never looked at whole everything is read again anyway.
  const isRead = state.checks.size > 0;
  const made = new Map(plan.safes.map((safe) => [safe.branch, isRead ? madeAhead(state, safe) : []]));
  const idle = new Set([...looked, ...plan.safes.map(({ branch }) => branch)]);
  for (const branch of idle) state.doubtful.add(branch);
  const doubted = new Set<string>();
  const waiting = new Set(changedKeys(state, plan));
  for (const key of waiting) state.unsure.add(key);
  const begin = (branch: string): void => {
    made.delete(branch);
    idle.delete(branch);
  };
  return {
    isNeeded: waiting.size > 0 || (isRead && plan.safes.length > 0),
    beginMaking: (safe) => {
      const makes = new Set(madeBy(safe).map(({ identifier }) => identifier));
      for (const id of made.get(safe.branch) ?? []) if (!makes.has(id)) state.variables.delete(id);
      madeAhead(state, safe);
      for (const { account } of [...safe.create, ...safe.rekey, ...safe.replace]) waiting.delete(account);
      begin(safe.branch);
    },
    beginClearing: begin,
    rest: (branch) => idle.add(branch),
    beginAccount: (key) => waiting.delete(key),
    settleAccount: (key) => {
      waiting.delete(key);
      state.unsure.delete(key);
    },
    doubt: (branch) => {
      state.doubtful.add(branch);
      doubted.add(branch);
    },
    end: () => {
      for (const id of [...made.values()].flat()) state.variables.delete(id);
      for (const branch of idle) if (!doubted.has(branch)) state.doubtful.delete(branch);
      for (const key of waiting) state.unsure.delete(key);
    },
  };
}

/** Remembers what will be made, should it be nobody's when the next pass comes: of a doubtful safe that is looked at. */
function madeAhead(state: SyncState, safe: SafePlan): readonly string[] {
  const made = madeBy(safe).filter(({ identifier }) => !state.variables.has(identifier));
  for (const { identifier, account } of made) state.variables.set(identifier, madeVariable(account));
  return made.map(({ identifier }) => identifier);
}

function madeBy(safe: SafePlan): readonly { readonly identifier: string; readonly account: string }[] {
  return [...safe.create, ...parkingOf(safe)].map(({ path, account }) => ({
    identifier: `${safe.branch}/${path}`,
    account,
  }));
}

/** Accounts of which something is believed, and whose values or variables will be others. */
function changedKeys(state: SyncState, { safes, accounts }: SyncPlan<ListedAccount>): readonly string[] {
  const moved = new Set(
    safes.flatMap(({ create, rekey, replace }) =>
      [...create, ...rekey, ...replace].map(({ account }) => account),
    ),
  );
  return accounts
    .filter(({ key, account, variables }) => {
      const left = state.accounts.get(key);
      const isBelieved =
        left !== undefined ||
        variables.some(({ identifier }) => (state.variables.get(identifier)?.digest ?? null) !== null);
      const isChanged = account.revision === null || account.revision !== left?.revision;
      return isBelieved && (isChanged || moved.has(key));
    })
    .map(({ key }) => key);
}
