import type { ConjurClient } from '../../client/client.ts';
import { whoAmI } from '../../client/identity.ts';
import { checkPrivilege } from '../../client/resources.ts';
import { places } from '../../core/election/conjur/places.ts';
import type { SyncConfig } from '../config/config.ts';
import { fine, type SyncFinding } from './finding.ts';
import { examineBranch, mayWriters } from './examine-branch.ts';
import { examineClock } from './examine-clock.ts';
import { examineLeader } from './examine-leader.ts';
import { examineLineVariables } from './examine-line-variables.ts';
import { lacking } from './lacking.ts';
import type { ElectionSettings } from '../election/settings.ts';

/**
 * Tries every privilege that elections and the writer need, as the member that the configuration names. Nothing is changed: what a load
 * would do is tried by dry runs.
 */
export async function examineElection(
  config: SyncConfig,
  client: ConjurClient,
): Promise<readonly SyncFinding[]> {
  const lines = await examineLineVariables(config, client);
  const { election } = config;
  if (election === null) {
    const sentence = 'There is no block "election": this synchronizer takes itself for the only one.';
    return [...lines, fine('election', sentence)];
  }
  const { username } = await whoAmI(client);
  const expiration = await examineExpiration(client, username, election);
  if (expiration === null) return [...lines, nothingThere(client, username)];
  return [
    ...lines,
    ...expiration,
    ...(await examineLeader(client, username, election)),
    ...(await examineBranch(config, client, username, election)),
    ...(await examineClock(client)),
  ];
}

/** null: the caller cannot even see the expiration. */
async function examineExpiration(
  client: ConjurClient,
  username: string,
  { protocol }: ElectionSettings,
): Promise<readonly SyncFinding[] | null> {
  const has = (privilege: string): Promise<boolean> =>
    checkPrivilege(client, { kind: 'variable', identifier: places.expiration }, privilege, null);
  const [read, execute, update] = await Promise.all([has('read'), has('execute'), has('update')]);
  if (!read && !execute && !update) return null;
  const missing = [...(read ? [] : ['read']), ...(execute ? [] : ['execute'])];
  return [
    missing.length === 0
      ? fine('election', `${username} reads ${places.expiration}.`)
      : lacking(username, missing, `the variable ${places.expiration}`),
    ...(protocol === 'published' && !update
      ? [lacking(username, ['update'], `the variable ${places.expiration}`, 'published')]
      : []),
    ...(protocol === 'fenced' && update ? [publishedStands(username)] : []),
    ...(protocol === 'fenced' && (await writersLackRenewal(client)) ? [noRenewal()] : []),
  ];
}

/** A term's writer renews its lease by itself: members may not, so that a deposed one cannot. */
async function writersLackRenewal(client: ConjurClient): Promise<boolean> {
  const variable = { kind: 'variable', identifier: places.expiration };
  return (await mayWriters(client, variable, 'update')) === false;
}

function noRenewal(): SyncFinding {
  return {
    area: 'election',
    level: 'fault',
    sentence: `The group ${places.writers} has not update on the variable ${places.expiration}: nobody who is elected could renew the lease, so nobody would lead.`,
    advice: 'Run "holdfast sync init" as an administrator.',
  };
}

function publishedStands(username: string): SyncFinding {
  return {
    area: 'election',
    level: 'fault',
    sentence: `${username} may write ${places.expiration}, as the published policy has it: a deposed leader could hold on to a lease that is another's.`,
    advice: 'Run "holdfast sync init" as an administrator; it takes that back.',
  };
}

function nothingThere({ account }: ConjurClient, username: string): SyncFinding {
  return {
    area: 'election',
    level: 'fault',
    sentence: `${username} sees no ${places.expiration} in the account ${account}.`,
    advice: `Run "holdfast sync init" in this account, and "holdfast sync enroll NAME" for this host. Does the layout lie in another account? Then name that as target.account: synchronizers of two accounts elect a leader each.`,
  };
}
