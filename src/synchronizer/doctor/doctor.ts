import { plural } from '../../core/counts.ts';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type ConjurClient, openClient } from '../../client/client.ts';
import { whoAmI } from '../../client/identity.ts';
import { checkPrivilege } from '../../client/resources.ts';
import { isProblem } from '../../core/problem.ts';
import { Secret } from '../../core/secret.ts';
import { vaultBranch } from '../../core/sync/layout.ts';
import type { SyncConfig } from '../config/config.ts';
import { openSource } from '../config/open-source.ts';
import { openTarget } from '../config/open-sync.ts';
import { faultOf, fine, orFault, type SyncFinding } from './finding.ts';
import { listenFault } from '../http/listen-fault.ts';
import { examineElection } from './examine-election.ts';
import { readPolicy } from '../target/read-target.ts';
import { isLocked } from '../state/directory-lock.ts';
import { openStateFile } from '../state/state-file.ts';

/** Tries each connection and permission that a pass needs, and changes nothing. */
export async function examineSync(config: SyncConfig, signal: AbortSignal): Promise<readonly SyncFinding[]> {
  const state = await orFault('state', 'Name a directory that this user owns.', async () => {
    await openStateFile(config.stateDirectory, '');
    return [fine('state', `${config.stateDirectory} can be used.`)];
  });
  const here = [...state, ...(await examineListen(config))];
  const client = await openTarget(config, signal).catch((error: unknown) =>
    faultOf('target', error, 'Check "target".'),
  );
  if (!('send' in client)) return [...here, client, ...(await examineSourceAlone(config, signal))];
  // Whoever cannot log in cannot look at the election either, and hears of one fault once.
  const refused = await refusedLogin(client);
  if (refused !== null) return [...here, refused, ...(await examineSourceAlone(config, signal))];
  return [
    ...here,
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

const loginAdvice =
  'Check login and apiKeyFile of "target". A new key for a host that is there: "holdfast sync enroll NAME --rotate".';

/** The source where the target cannot be asked: but for credentials that lie there. */
async function examineSourceAlone(config: SyncConfig, signal: AbortSignal): Promise<readonly SyncFinding[]> {
  const { source } = config;
  const needsTarget =
    source.kind === 'cyberark-pam' &&
    source.linesOfBusiness.some(({ credentials }) => 'variable' in credentials);
  if (needsTarget) return [];
  const { url, account, login } = config.target;
  const nobody = openClient({
    fetch: () => Promise.reject(new Error('nobody asks the target')),
    url,
    account,
    login,
    apiKey: new Secret(''),
    signal,
  });
  return orFault('source', 'Check "source".', () => examineSource(config, nobody, signal));
}

/** That the server does not take login and key; null: it does, or something else is wrong. */
async function refusedLogin(client: ConjurClient): Promise<SyncFinding | null> {
  try {
    await whoAmI(client);
    return null;
  } catch (error) {
    return isProblem(error, 'api_unauthenticated') ? faultOf('target', error, loginAdvice) : null;
  }
}

/** Whether the address of /health and /metrics can be listened on. Where a synchronizer runs already, it is taken by that. */
async function examineListen({ http, stateDirectory }: SyncConfig): Promise<readonly SyncFinding[]> {
  if (http === null || (await isLocked(stateDirectory).catch(() => false))) return [];
  const address = `${http.host}:${http.port}`;
  const server = createServer();
  server.listen(http.port, http.host);
  try {
    await once(server, 'listening');
    return [fine('http', `${address} can be listened on.`)];
  } catch (error) {
    const sentence = `http.listen: ${address} ${listenFault(error)}`;
    return [{ area: 'http', level: 'fault', sentence, advice: null }];
  } finally {
    server.close();
  }
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
          : [
              fine(
                'source',
                `${name}: ${plural(count, 'account')} in ${plural(safes.value.length, 'safe')}.`,
              ),
            ]),
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
