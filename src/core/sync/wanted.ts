import { accountKey, accountsAnnotation, type Layout, safeBranch, variablePath } from './layout.ts';
import { escapeName } from './names.ts';
import type { Report } from './plan.ts';
import type { SourceAccount } from './source-state.ts';

/** An account and the paths of its variables below the safe's branch. */
export interface WantedAccount<A extends SourceAccount> {
  readonly account: A;
  readonly key: string;
  readonly accountsAnnotation: string;
  readonly variables: ReadonlyMap<string, string>;
}

export interface WantedSafe<A extends SourceAccount> {
  readonly accounts: readonly WantedAccount<A>[];
  /** Accounts that are in the source and cannot be written: what there is of them stays as it is. */
  readonly blockedKeys: ReadonlySet<string>;
  /** The first part of paths that more than one account claims. */
  readonly blockedNames: ReadonlySet<string>;
  /** One of the accounts could be any: nothing is gone for sure. */
  readonly hidesOne: boolean;
  readonly reports: readonly Report[];
}

/** A full id has 1000 bytes at most in Holdfast; account and kind take some of them. */
const identifierLimitBytes = 900;

/** What a safe's accounts ask for. Accounts that get into each other's way are reported, and nothing is wanted for them. */
export function wantedSafe<A extends SourceAccount>(
  layout: Layout,
  lob: string,
  safe: string,
  listed: readonly A[],
): WantedSafe<A> {
  const branch = safeBranch(layout, lob, safe);
  const accounts = withoutRepetition(listed);
  const reports: Report[] = [];
  const blockedKeys = new Set<string>();
  const blockedNames = new Set<string>();
  const block = (blocked: readonly A[], report: Report): void => {
    reports.push(report);
    for (const { id, name } of blocked) {
      blockedKeys.add(accountKey(lob, id));
      blockedNames.add(escapeName(name));
    }
  };
  for (const [id, same] of Map.groupBy(accounts, (account) => account.id)) {
    const names = same.map(({ name }) => name).sort();
    if (same.length > 1) block(same, { code: 'account_twice', branch, account: id, names });
  }
  for (const [name, same] of Map.groupBy(accounts, (account) => account.name)) {
    const ids = same.map(({ id }) => id).sort();
    if (new Set(ids).size > 1) block(same, { code: 'name_shared', branch, name, accounts: ids });
  }
  for (const account of accounts) {
    // A directory that is being filled, or a secret without fields: it is there, and its values may come back.
    if (account.fault !== undefined)
      block([account], { code: 'account_unread', branch, account: account.name, fault: account.fault });
    else if (account.properties.length === 0)
      block([account], { code: 'account_empty', branch, account: account.id });
    const bytes = Math.max(
      ...[...account.properties, ''].map((property) =>
        lengthBytes(`${branch}/${variablePath(account.name, property)}`),
      ),
    );
    if (bytes > identifierLimitBytes)
      block([account], { code: 'name_too_long', branch, account: account.id, bytes });
  }
  const free = accounts.filter(
    ({ id, name }) => !blockedKeys.has(accountKey(lob, id)) && !blockedNames.has(escapeName(name)),
  );
  return {
    accounts: free.map((account) => ({
      account,
      key: accountKey(lob, account.id),
      accountsAnnotation: accountsAnnotation(layout, safe, account.name),
      variables: new Map(
        account.properties.map((property) => [property, variablePath(account.name, property)]),
      ),
    })),
    blockedKeys,
    blockedNames,
    hidesOne: accounts.some(({ fault }) => fault !== undefined),
    reports,
  };
}

/** A list that moved while it was read page by page may show an account twice. */
function withoutRepetition<A extends SourceAccount>(accounts: readonly A[]): readonly A[] {
  return [
    ...new Map(
      accounts.map((account) => [`${escapeName(account.id)}/${escapeName(account.name)}`, account]),
    ).values(),
  ];
}

function lengthBytes(text: string): number {
  return encodeURIComponent(text).replaceAll(/%../gu, '.').length;
}
