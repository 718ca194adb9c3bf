import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ConjurClient, openClient } from '../../client/client.ts';
import { Secret } from '../../core/secret.ts';
import { readSecretBytes } from '../../client/secrets.ts';
import { openWebFetch } from '../../runtime/web-fetch.ts';
import type { ListeningServer } from '../../server/testing/listening-server.ts';
import type { TestServer } from '../../server/testing/test-server.ts';
import { type PassOptions, type PassSettings, runPass } from '../pass/run-pass.ts';
import type { PassOutcome } from '../pass/outcome.ts';
import { soleAuthority } from '../authority.ts';
import { openStateFile } from '../state/state-file.ts';
import type { Layout } from '../../core/sync/layout.ts';
import { differences, valuesBelow, wantedValues } from './compare.ts';
import {
  type HeldAccount,
  type PamStandIn,
  type PamStandInSettings,
  startPamStandIn,
} from './pam-stand-in.ts';
import { apiOf, pamSourceOf } from './sources.ts';

let labs = 0;

/** A vault that is called otherwise in each test, so that all of them can use one server. */
export interface PassLab {
  readonly vault: string;
  readonly pam: PamStandIn;
  /** People's: sees and may do everything. */
  readonly client: ConjurClient;
  /** The synchronizer's: a host of the group that owns the vault's policy, as the tour makes it. */
  readonly host: ConjurClient;
  readonly safe: (name: string) => HeldAccount[];
  readonly pass: (options?: Partial<PassOptions>, settings?: Partial<PassSettings>) => Promise<PassOutcome>;
  readonly hostKey: Secret<string>;
  /** Values of the target by path below the vault, null for what has none. */
  readonly values: (...paths: readonly string[]) => Promise<readonly (string | null)[]>;
  readonly directory: string;
  /** How the target differs from the vault as it is now. */
  readonly differences: () => Promise<readonly string[]>;
  /** All variables of the vault's branch with their values, to be compared later. */
  readonly snapshot: () => Promise<Map<string, string | null>>;
  /** What the vault as it is now asks for. */
  readonly wanted: () => ReadonlyMap<string, string>;
  readonly layout: Layout;
}

export function heldAccount(id: string, name: string, more: Partial<HeldAccount> = {}): HeldAccount {
  return {
    id,
    name,
    platformId: 'P',
    platformAccountProperties: {},
    lastModifiedTime: 1_700_000_000,
    password: `secret ${id}`,
    ...more,
  };
}

/** Changes a password as the vault does: with its time. */
export function change(account: HeldAccount | undefined, password: string): void {
  if (account === undefined) throw new Error('there is no such account');
  account.password = password;
  account.lastModifiedTime += 1;
}

/** A host that owns the vault's policy through its group; answers its API key. */
async function makeHost(server: TestServer, vault: string, name: string): Promise<Secret<string>> {
  const keys = await server.load(`
- !group '${vault}-admins'
- !policy
  id: '${vault}'
  owner: !group '${vault}-admins'
- !host ${name}
- !grant
  role: !group '${vault}-admins'
  member: !host ${name}
`);
  return new Secret([...keys.values()].join(''));
}

export async function startPassLab(
  t: TestContext,
  { server, url }: ListeningServer,
  safes: Readonly<Record<string, HeldAccount[]>>,
  pamSettings: Partial<PamStandInSettings> = {},
): Promise<PassLab> {
  labs += 1;
  const vault = `vault ${process.pid} ${labs}`;
  const held = new Map(Object.entries(safes));
  const pam = await startPamStandIn({
    users: new Map([['u', { password: 'p', safes: held }]]),
    ...pamSettings,
  });
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-sync-'));
  t.after(async () => {
    await pam.stop();
    await rm(directory, { recursive: true, force: true });
  });
  const open = (login: string, apiKey: Secret<string>): ConjurClient =>
    openClient({ fetch: openWebFetch({ ca: null }), url, account: server.account, login, apiKey });
  const client = open('admin', server.adminApiKey);
  const hostKey = await makeHost(server, vault, `synchronizer-${process.pid}-${labs}`);
  const host = open(`host/synchronizer-${process.pid}-${labs}`, hostKey);
  const layout: Layout = { base: 'root', vault };
  return {
    vault,
    pam,
    client,
    host,
    hostKey,
    directory,
    layout,
    differences: () => differences(client, layout, new Map([['l', held]])),
    wanted: () => wantedValues(layout, new Map([['l', held]])),
    snapshot: () => valuesBelow(client, layout),
    safe: (name) => held.get(name) ?? [],
    pass: async (options = {}, settings = {}) => {
      const source = pamSourceOf(apiOf(pam.url));
      try {
        return await runPass(
          {
            source,
            client: host,
            authority: soleAuthority(host),
            layout,
            removal: { policy: 'delete', most: 100, mostPercent: 100 },
            drift: 'repair',
            stateFile: await openStateFile(join(directory, 'state'), `${url} ${vault}`),
            fullCheckEveryMs: 3_600_000,
            concurrency: 4,
            wallClock: () => Date.now(),
            ...settings,
          },
          {
            safe: null,
            dryRun: false,
            full: false,
            signal: new AbortController().signal,
            onProgress: () => undefined,
            ...options,
          },
        );
      } finally {
        await source.close();
      }
    },
    values: async (...paths) => {
      const ids = paths.map((path) => `${vault}/${path}`);
      const found = await readSecretBytes(client, ids);
      return ids.map((id) => {
        const value = found.get(id) ?? null;
        return value === null ? null : new TextDecoder().decode(value.reveal());
      });
    },
  };
}
