import { Problem } from '../../core/problem.ts';
import { limited } from '../../runtime/limited.ts';
import { beginAnywhere } from '../source/begin-anywhere.ts';
import { type ListGate, openListGates } from '../source/list-gate.ts';
import { readingOf } from '../source/reading-of.ts';
import type { ListedLob, Source } from '../source/source.ts';
import { together } from '../source/together.ts';
import type { WebApi } from '../web/web-api.ts';
import { listSafe } from './list-safe.ts';
import { openVaultSession, type VaultAuth } from './vault-session.ts';
import { listKeys, type Walk } from './vault-walk.ts';

export interface VaultLob {
  readonly name: string;
  /** The mount of a KV engine, version 2. */
  readonly mount: string;
  readonly namespace: string | null;
  readonly auth: VaultAuth;
}

export interface VaultSettings {
  readonly api: WebApi;
  readonly linesOfBusiness: readonly VaultLob[];
  readonly concurrency: number;
}

const mostWaiting = 1_000_000;

/**
 * Secrets of HashiCorp Vault or OpenBao (KV version 2). A line of business is a mount; a safe is a folder of its first level
 * (secrets outside of any folder are in the safe without a name); an account is a secret, called by its path below the folder;
 * its fields are the properties. The engine has no ids that outlive a move, so a secret under another path is another account.
 */
export function openVaultSource({ api, linesOfBusiness, concurrency }: VaultSettings): Source {
  const inTurn = limited(
    concurrency,
    mostWaiting,
    () => new Problem('source_unavailable', 'too much waits for the vault.'),
  );
  const lobs = linesOfBusiness.map((lob) => ({
    ...lob,
    session: openVaultSession(api, lob.auth, lob.namespace),
  }));
  const listLob = async (
    { name, mount, session }: (typeof lobs)[number],
    gate: ListGate,
    only: readonly string[] | null,
    signal: AbortSignal,
  ): Promise<ListedLob> => ({
    name,
    safes: await readingOf(async () => {
      const walk: Walk = { session, mount, inTurn, gate, signal };
      const keys = await listKeys(walk, '');
      const folders = keys.filter((key) => key.endsWith('/')).map((key) => key.slice(0, -1));
      const loose = keys.filter((key) => !key.endsWith('/'));
      const safes = [...folders, ...(loose.length > 0 ? [''] : [])].filter(
        (safe) => only === null || only.includes(safe),
      );
      return together(
        signal,
        safes.map(
          (safe) => (asked) => listSafe({ ...walk, signal: asked }, safe, safe === '' ? loose : null),
        ),
        beginAnywhere(safes.length),
      );
    }),
  });
  return {
    list: (only, signal) => {
      const gateOf = openListGates();
      return together(
        signal,
        lobs.map((lob) => {
          const gate = gateOf();
          return (each) => listLob(lob, gate, only, each);
        }),
      );
    },
    close: async () => {
      await Promise.all(lobs.map(({ session }) => session.close()));
    },
  };
}
