/**
 * The PAM of `sync.ts`, in a process of its own: it is told how large it is, answers its port, and changes accounts when it is told how
 * many.
 */
import {
  type HeldAccount,
  type HeldUser,
  startPamStandIn,
} from '../src/synchronizer/testing/pam-stand-in.ts';

export interface VaultSize {
  readonly lobs: number;
  readonly safes: number;
  readonly accounts: number;
}

function userOf({ safes, accounts }: VaultSize, lob: number): HeldUser {
  const held = new Map<string, HeldAccount[]>();
  for (let safe = 0; safe < safes; safe += 1) {
    const list = Array.from({ length: accounts }, (_, at) => accountOf(`${lob * safes + safe}_${at}`, at));
    held.set(`safe-${lob}-${safe}`, list);
  }
  return { password: 'correct', safes: held };
}

/** Password, user name, address, platform and port: five values. */
function accountOf(id: string, at: number): HeldAccount {
  return {
    id,
    name: `Operating System-UnixSSH-10.0.0.${at}-root`,
    userName: 'root',
    address: `10.0.0.${at}`,
    platformId: 'UnixSSH',
    platformAccountProperties: { Port: '22' },
    lastModifiedTime: 1_700_000_000,
    password: `a password of account ${id}`,
  };
}

/** The accounts are spread over all safes. */
function change(users: ReadonlyMap<string, HeldUser>, count: number): void {
  const all = [...users.values()].flatMap(({ safes }) => [...safes.values()].flat());
  for (let at = 0; at < count; at += 1) {
    const account = all[Math.floor((at * all.length) / count)];
    if (account === undefined) continue;
    account.password += ', and another';
    account.lastModifiedTime += 1;
  }
}

async function serve(size: VaultSize): Promise<void> {
  const users = new Map(Array.from({ length: size.lobs }, (_, lob) => [`user-${lob}`, userOf(size, lob)]));
  const { url } = await startPamStandIn({ users });
  process.on('message', (count: number) => {
    change(users, count);
    process.send?.('changed');
  });
  process.send?.(url);
}

process.once('disconnect', () => process.exit(0));
process.once('message', (size: VaultSize) => void serve(size));
