import { type Random, seededRandom } from '../../../src/core/random.ts';
import type { HeldAccount, HeldUser } from '../../../src/synchronizer/testing/pam-stand-in.ts';

/** A vault whose accounts change all the time: new, changed, renamed, removed. */
export interface ChurningVault {
  readonly users: Map<string, HeldUser>;
  /** Safes with their accounts, by line of business, as they are now. */
  readonly lobs: () => ReadonlyMap<string, ReadonlyMap<string, readonly HeldAccount[]>>;
  readonly start: (everyMs: number) => void;
  readonly stop: () => void;
  /** Many changes at once: a pass has something to do for a while. */
  readonly burst: (changes: number) => void;
  /** Gives the one account that is never renamed or removed another password. */
  readonly mark: (password: string) => void;
  readonly changes: () => number;
  readonly shared: () => readonly SharedAccount[];
}

/** Those to which somebody is let in by a permission of their own; they are renamed, and never removed. */
export interface SharedAccount {
  readonly lob: string;
  readonly safe: string;
  readonly id: string;
  /** As it is called now. */
  readonly name: string;
}

export const markedAccount = { lob: 'lob-1', safe: 'safe-1', name: 'marked' } as const;

const lobNames = ['lob-1', 'lob-2'] as const;
const safeNames = ['safe-1', 'safe-2', 'odd: safe/3'] as const;
const most = 20;
const least = 6;

/** The same changes in the same order for the same seed. */
export function makeChurningVault(seed: number): ChurningVault {
  const random = seededRandom(seed);
  let made = 0;
  let changes = 0;
  const users = new Map<string, HeldUser>(
    lobNames.map((lob) => [lob, { password: `password of ${lob}`, safes: new Map() }]),
  );
  const make = (): HeldAccount => {
    made += 1;
    return {
      id: `${made}_1`,
      name: `account ${made}`,
      platformId: 'P',
      platformAccountProperties: {},
      lastModifiedTime: 1_700_000_000,
      password: `first of ${made}`,
      ...(random.chance(2) ? { userName: `user ${made}` } : {}),
    };
  };
  for (const [lob, { safes }] of users) {
    for (const safe of safeNames) safes.set(`${safe} of ${lob}`, Array.from({ length: 10 }, make));
  }
  const marked = { ...make(), name: markedAccount.name };
  const markedSafe = `${markedAccount.safe} of ${markedAccount.lob}`;
  users.get(markedAccount.lob)?.safes.get(markedSafe)?.unshift(marked);
  const shared = Array.from(users).flatMap(([lob, { safes }]) =>
    Array.from(safes).flatMap(([safe, accounts]) =>
      accounts.slice(2, 5).map((account) => ({ lob, safe, account })),
    ),
  );
  const isShared = (account: HeldAccount): boolean => shared.some((one) => one.account === account);
  const step = (): void => {
    changes += 1;
    const accounts = random.pick([...random.pick([...users.values()]).safes.values()]);
    change(random, accounts, { make, changes, isShared });
  };
  let timer: NodeJS.Timeout | null = null;
  return {
    users,
    lobs: () => new Map(Array.from(users, ([lob, { safes }]) => [lob, safes])),
    start: (everyMs) => {
      timer ??= setInterval(step, everyMs);
    },
    stop: () => {
      if (timer !== null) clearInterval(timer);
      timer = null;
    },
    burst: (count) => {
      for (let each = 0; each < count; each += 1) step();
    },
    mark: (password) => {
      marked.password = password;
      marked.lastModifiedTime += 1;
    },
    changes: () => changes,
    shared: () => shared.map(({ lob, safe, account: { id, name } }) => ({ lob, safe, id, name })),
  };
}

function change(
  random: Random,
  accounts: HeldAccount[],
  {
    make,
    changes,
    isShared,
  }: {
    readonly make: () => HeldAccount;
    readonly changes: number;
    readonly isShared: (account: HeldAccount) => boolean;
  },
): void {
  const candidates = accounts.filter(({ name }) => name !== markedAccount.name);
  const account = random.pick(candidates);
  const other = random.pick(candidates);
  switch (random.below(8)) {
    case 0:
      // A safe that is read empty is kept as it is, so none ever is.
      if (candidates.length > least && !isShared(account)) accounts.splice(accounts.indexOf(account), 1);
      return;
    case 1:
      if (candidates.length < most) accounts.push(make());
      return;
    case 2:
      account.name = `renamed ${changes}`;
      account.lastModifiedTime += 1;
      return;
    case 3:
      // Each is called as the other was: a variable is another account's now.
      [account.name, other.name] = [other.name, account.name];
      for (const each of [account, other]) each.lastModifiedTime += 1;
      return;
    case 4:
      if (account.userName === undefined) account.userName = `user ${changes}`;
      else delete account.userName;
      account.lastModifiedTime += 1;
      return;
    default:
      account.password = `changed ${changes}`;
      account.lastModifiedTime += 1;
  }
}
