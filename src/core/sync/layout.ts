import { escapeName, unescapeName } from './names.ts';

/** Where a vault lies in the target: its policy is `vault` in the branch `base` (`root`, `data`). */
export interface Layout {
  readonly base: string;
  readonly vault: string;
}

/** Names of the annotations. Those of the reference layout come first: what reads them finds what it knows. */
export const annotations = {
  fromVault: 'cyberark-vault',
  accounts: 'cyberark-vault/accounts',
  /** `accountKey`: whose value a variable holds. What does not have it is not ours. */
  account: 'holdfast-sync/account',
  /** On a safe's branch: what does not have it is not ours. */
  safe: 'holdfast-sync/safe',
  disabled: 'holdfast-sync/disabled',
} as const;

/** The policy of the vault: `corp`, `data/corp`. */
export function vaultBranch({ base, vault }: Layout): string {
  const name = escapeName(vault);
  return base === 'root' ? name : `${base}/${name}`;
}

export function lobBranch(layout: Layout, lob: string): string {
  return `${vaultBranch(layout)}/${escapeName(lob)}`;
}

export function safeBranch(layout: Layout, lob: string, safe: string): string {
  return `${lobBranch(layout, lob)}/${escapeName(safe)}`;
}

/** The groups to which applications are granted: who may read the values of a safe, and who may know of them. */
export function delegationGroups(branch: string): { readonly consumers: string; readonly viewers: string } {
  return { consumers: `${branch}/delegation/consumers`, viewers: `${branch}/delegation/viewers` };
}

/** What the groups of a safe may do with each of its variables. */
export function safePrivileges(
  branch: string,
): readonly { readonly group: string; readonly privileges: readonly string[] }[] {
  const { consumers, viewers } = delegationGroups(branch);
  return [
    { group: consumers, privileges: ['read', 'execute'] },
    { group: viewers, privileges: ['read'] },
  ];
}

/** A variable below its safe's branch. */
export function variablePath(account: string, property: string): string {
  return `${escapeName(account)}/${escapeName(property)}`;
}

/**
 * Where the permissions of an account's variable wait while the one of this path is made anew for it. No name is escaped to such a
 * beginning.
 */
export function parkedPath(path: string): string {
  return `${parkedPrefix}${path}`;
}

export function isParked(path: string): boolean {
  return path.startsWith(parkedPrefix);
}

const parkedPrefix = '~.';

/** An account across renames; a text of one line in which both parts can be told apart. */
export function accountKey(lob: string, accountId: string): string {
  return `${escapeName(lob)}/${escapeName(accountId)}`;
}

/** The account's id in the source; a key that is none of `accountKey`'s as it is. */
export function accountIdOf(key: string): string {
  return unescapeName(key.slice(key.indexOf('/') + 1)) ?? key;
}

/** `<vault>/<safe>/<account>` as the reference annotates it, with names as they stand in the path. */
export function accountsAnnotation(layout: Layout, safe: string, account: string): string {
  return [layout.vault, safe, account].map(escapeName).join('/');
}

/** The safe's branch and the rest of a variable's identifier; null when it does not lie at a variable's place. */
export function placeOf(
  layout: Layout,
  identifier: string,
): { readonly branch: string; readonly path: string } | null {
  const vault = `${vaultBranch(layout)}/`;
  if (!identifier.startsWith(vault)) return null;
  const [lob, safe, account, property, ...more] = identifier.slice(vault.length).split('/');
  if (lob === undefined || safe === undefined || account === undefined || property === undefined) return null;
  if (more.length > 0) return null;
  return { branch: `${vault}${lob}/${safe}`, path: `${account}/${property}` };
}
