import type { ConjurClient } from '../client/client.ts';
import { whoAmI } from '../client/identity.ts';
import { checkPrivilege } from '../client/resources.ts';
import { vaultBranch } from '../core/sync/layout.ts';
import type { SyncConfig } from './config/config.ts';
import { openSource } from './config/open-source.ts';
import { openTarget } from './config/open-sync.ts';
import { faultOf, fine, orFault, type SyncFinding } from './doctor-finding.ts';
import { examineElection } from './election/examine-election.ts';
import { readPolicy } from './target/read-target.ts';
import { openStateFile } from './state/state-file.ts';

/** Tries each connection and permission that a pass needs, and changes nothing but the state's directory. */
export async function examineSync(config: SyncConfig, signal: AbortSignal): Promise<readonly SyncFinding[]> {
  const state = await orFault('state', 'Name a directory that this user owns.', async () => {
    await openStateFile(config.stateDirectory, '');
    return [fine('state', `${config.stateDirectory} can be used.`)];
  });
  const client = await openTarget(config, signal).catch((error: unknown) =>
    faultOf('target', error, 'Check "target".'),
  );
  if (!('send' in client)) return [...state, client];
  return [
    ...state,
    ...(await orFault('target', 'Check url, caFile, login and apiKeyFile of "target".', () =>
      examineTarget(config, client),
    )),
    ...(await orFault(
      'election',
      'Run "holdfast sync init" as an administrator, and "holdfast sync enroll" for this synchronizer.',
      () => examineElection(config, client),
    )),
    ...(await orFault('source', 'Check "source".', () => examineSource(config, client, signal))),
  ];
}

async function examineTarget(config: SyncConfig, client: ConjurClient): Promise<readonly SyncFinding[]> {
  const me = await whoAmI(client);
  const layout = { base: config.branch, vault: config.vault };
  const vault = vaultBranch(layout);
  const exists = (await readPolicy(client, vault)) !== null;
  const branch = exists ? vault : config.branch;
  const needed = exists ? ['create', 'update'] : ['create'];
  const findings: SyncFinding[] = [fine('target', `${config.target.url} takes us for ${me.username}.`)];
  // Under the fenced protocol the writer of a term writes, and nobody else may.
  if (config.election?.protocol === 'fenced') return findings;
  for (const privilege of needed) {
    const has = await checkPrivilege(client, { kind: 'policy', identifier: branch }, privilege, null);
    findings.push(
      has
        ? fine('target', `${me.username} has ${privilege} on the policy ${branch}.`)
        : {
            area: 'target',
            level: 'fault',
            sentence: `${me.username} has not ${privilege} on the policy ${branch}.`,
            advice: exists
              ? `Make it a member of the group ${vault}-admins, or let it own the policy ${vault}.`
              : `Permit it, or load a policy ${vault} that it owns into ${config.branch}.`,
          },
    );
  }
  return findings;
}

async function examineSource(
  config: SyncConfig,
  client: ConjurClient,
  signal: AbortSignal,
): Promise<readonly SyncFinding[]> {
  const source = await openSource(config.source, client);
  try {
    const lobs = await source.list(null, signal);
    return lobs.flatMap(({ name, safes }): readonly SyncFinding[] => {
      if (!safes.ok)
        return [{ area: 'source', level: 'fault', sentence: `${name}: ${safes.fault}`, advice: null }];
      const unread = safes.value.flatMap(({ name: safe, accounts }): readonly SyncFinding[] =>
        accounts.ok
          ? []
          : [
              {
                area: 'source',
                level: 'fault',
                sentence: `${name}, ${safe}: ${accounts.fault}`,
                advice: null,
              },
            ],
      );
      const empty = safes.value.filter(({ accounts }) => accounts.ok && accounts.value.length === 0);
      const count = safes.value.reduce(
        (sum, { accounts }) => sum + (accounts.ok ? accounts.value.length : 0),
        0,
      );
      return [
        ...(count === 0
          ? [nothingThere(name)]
          : [fine('source', `${name}: ${count} accounts in ${safes.value.length} safes.`)]),
        ...unread,
        ...(count === 0 ? [] : empty.map(({ name: safe }) => nothingThere(`${name}, ${safe}`))),
      ];
    });
  } finally {
    await source.close();
  }
}

function nothingThere(where: string): SyncFinding {
  const advice =
    'A vault lists nothing, and no error, where a right is missing: check that its user may list and retrieve accounts.';
  return { area: 'source', level: 'warning', sentence: `${where}: there are no accounts.`, advice };
}
