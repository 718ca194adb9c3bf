import type { Random } from '../../core/random.ts';
import type { HeldAccount } from './pam-stand-in.ts';
import { change, heldAccount } from './pass-lab.ts';

type Safes = Map<string, HeldAccount[]>;

/** Names that mean something to YAML, to JavaScript or to the layout. */
const names = [
  'db',
  'Db',
  'a:b',
  'delegation',
  '__proto__',
  '.id',
  'x/y',
  'true',
  '<<',
  '- x',
  '1e3',
  '~',
  '!host',
  '&a',
  '\u00e9',
];
const mostAccounts = 9;

/** A small vault to which what is hard for a synchronizer happens all the time: names above all. */
export interface FuzzedVault {
  readonly safes: Safes;
  /** One thing happens to one account, or to some of a safe. */
  readonly step: () => void;
  /** Names that two accounts share are told apart again, and no safe is empty. */
  readonly settle: () => void;
}

/** @param isShared somebody is let in to the account: it does not come back when it has gone, and stays in its safe */
export function fuzzedVault(random: Random, isShared: (id: string) => boolean): FuzzedVault {
  let made = 0;
  const stash: { readonly accounts: HeldAccount[]; readonly account: HeldAccount }[] = [];
  const make = (name: string): HeldAccount => {
    made += 1;
    return heldAccount(`7_${made}`, name, random.chance(2) ? { userName: `user ${made}` } : {});
  };
  const freeName = (accounts: readonly HeldAccount[]): string => {
    const free = names.filter((name) => !accounts.some((account) => account.name === name));
    return free.length > 0 && !random.chance(5) ? random.pick(free) : `n${random.below(1_000_000)}`;
  };
  const safes: Safes = new Map([
    ['web', [make('db'), make('a:b'), make('true')]],
    ['S:2', [make('db'), make('x/y')]],
  ]);
  const drop = (accounts: HeldAccount[], account: HeldAccount): void => {
    accounts.splice(accounts.indexOf(account), 1);
    if (!isShared(account.id)) stash.push({ accounts, account });
  };
  const put = (accounts: HeldAccount[], account: HeldAccount): void => {
    if (accounts.some(({ name }) => name === account.name)) account.name = freeName(accounts);
    accounts.push(account);
  };
  const events: readonly ((accounts: HeldAccount[], account: HeldAccount) => void)[] = [
    (_, account) => change(account, `secret ${account.id} ${random.below(1_000_000)}`),
    (accounts, account) => (account.name = freeName(accounts)),
    (accounts) => rotateNames(random, accounts, 2, null),
    (accounts) => rotateNames(random, accounts, 3, null),
    (accounts) => rotateNames(random, accounts, 3, freeName(accounts)),
    (accounts) => accounts.length < mostAccounts && accounts.push(make(freeName(accounts))),
    (accounts, account) => accounts.length > 1 && drop(accounts, account),
    (accounts, account) => {
      drop(accounts, account);
      accounts.push(make(account.name));
    },
    (accounts, account) => {
      if (accounts.length < 2 || isShared(account.id)) return;
      accounts.splice(accounts.indexOf(account), 1);
      put(random.pick([...safes.values()]), account);
    },
    (_, account) => {
      if (account.userName === undefined) account.userName = `user ${account.id}`;
      else delete account.userName;
    },
    (accounts, account) => (account.name = random.pick(accounts).name),
    () => {
      const back = stash.pop();
      if (back !== undefined) put(back.accounts, back.account);
    },
  ];
  return {
    safes,
    step: () => {
      const accounts = random.pick([...safes.values()]);
      if (accounts.length === 0) accounts.push(make(freeName(accounts)));
      else random.pick(events)(accounts, random.pick(accounts));
    },
    settle: () => {
      for (const accounts of safes.values()) {
        if (accounts.length === 0) accounts.push(make(freeName(accounts)));
        const taken = new Set<string>();
        for (const account of accounts) {
          while (taken.has(account.name)) account.name = freeName(accounts);
          taken.add(account.name);
        }
      }
    },
  };
}

/** Some accounts take each other's names in a circle, or, with `last`, in a row to whose end a new name comes. */
function rotateNames(
  random: Random,
  accounts: readonly HeldAccount[],
  count: number,
  last: string | null,
): void {
  const some = [...accounts];
  while (some.length > count) some.splice(random.below(some.length), 1);
  const before = some.map(({ name }) => name);
  for (const [at, account] of some.entries())
    account.name = before[at + 1] ?? last ?? before[0] ?? account.name;
}
