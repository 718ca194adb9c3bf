import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConjurClient, openClient } from '../../../src/client/client.ts';
import { Secret } from '../../../src/core/secret.ts';
import { openWebFetch } from '../../../src/runtime/web-fetch.ts';
import { type PamStandIn, startPamStandIn } from '../../../src/synchronizer/testing/pam-stand-in.ts';
import { DemoCluster } from '../demo-cluster.ts';
import { type ChurningVault, makeChurningVault } from './churn.ts';
import { enrol } from './enrol.ts';
import { makeMember, type Member } from './member.ts';

/** A cluster, a vault that changes, and synchronizers between them. */
export interface Scene {
  readonly demo: DemoCluster;
  readonly vault: ChurningVault;
  readonly pam: PamStandIn;
  readonly members: readonly Member[];
  readonly admin: ConjurClient;
  readonly layout: { readonly base: string; readonly vault: string };
  readonly stop: () => Promise<void>;
}

export interface SceneSettings {
  readonly seed: number;
  readonly members: number;
  readonly leaseSeconds: number | null;
  readonly onDeath: (member: string, how: string) => void;
}

const wholeMs = 90_000;
const vaultName = 'corp';

/** Starts everything but the synchronizers' processes. */
export async function startScene({ seed, members, leaseSeconds, onDeath }: SceneSettings): Promise<Scene> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const each of stops.toReversed()) await each();
  };
  try {
    const directory = mkdtempSync(join(tmpdir(), 'hf-sync-faults-'));
    stops.push(async () => rmSync(directory, { recursive: true, force: true }));
    const demo = await DemoCluster.start(['--followers', '0', '--respawn', '1']);
    stops.push(() => demo.stop());
    await demo.whole(wholeMs);
    const vault = makeChurningVault(seed);
    const pam = await startPamStandIn({ users: vault.users });
    stops.push(
      async () => vault.stop(),
      () => pam.stop(),
    );
    const admin = adminOf(demo);
    const names = Array.from({ length: members }, (_, at) => `sync-${at + 1}`);
    const keys = await enrol(admin, { names, vault: vaultName, elects: leaseSeconds !== null });
    const made: Member[] = [];
    for (const name of names) {
      const { account, api } = demo.file;
      const member = await makeMember(
        {
          name,
          directory: join(directory, name),
          api: { ...api, account },
          login: `host/${name}`,
          apiKey: keys.get(name) ?? '',
          pamUrl: pam.url,
          linesOfBusiness: Array.from(vault.users, ([lob, { password }]) => ({ name: lob, password })),
          vault: vaultName,
          leaseSeconds,
        },
        onDeath,
      );
      stops.push(() => member.stop());
      made.push(member);
    }
    const layout = { base: 'root', vault: vaultName };
    return { demo, vault, pam, members: made, admin, layout, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function adminOf(demo: DemoCluster): ConjurClient {
  const { account, admin, api } = demo.file;
  return openClient({
    fetch: openWebFetch({ ca: readFileSync(api.caFile, 'utf8') }),
    url: api.url,
    account,
    login: admin.login,
    apiKey: new Secret(admin.apiKey),
  });
}
