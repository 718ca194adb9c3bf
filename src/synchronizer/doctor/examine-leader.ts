import { randomBytes } from 'node:crypto';
import type { ConjurClient } from '../../client/client.ts';
import { dryRunPolicy, type DryRun, type PolicyText } from '../../client/policies.ts';
import { checkPrivilege, listResources } from '../../client/resources.ts';
import { deletionText, fencedText, publishedText } from '../../core/election/conjur/leader-texts.ts';
import { places } from '../../core/election/conjur/places.ts';
import { identifierOf, kindOf, parseFullId } from '../../core/ids.ts';
import { isProblem } from '../../core/problem.ts';
import { fine, type SyncFinding } from './finding.ts';
import { lacking } from './lacking.ts';
import type { ElectionSettings } from '../election/settings.ts';

const initAdvice = 'Run "holdfast sync init" as an administrator.';
/** Conjur looks for descendants by their identifiers alone. */
const putAdvice = `Something lies below ${places.leader} on which members have not update, be it that they do not see it. Move it elsewhere. On Conjur it may be the same layout in another account of that server, for it asks for update across accounts: have one account with this layout there.`;

/** The policy that an election loads into: what it needs there, and what lies there. */
export async function examineLeader(
  client: ConjurClient,
  username: string,
  settings: ElectionSettings,
): Promise<readonly SyncFinding[]> {
  const policy = { kind: 'policy', identifier: places.leader };
  const missing: string[] = [];
  for (const privilege of ['read', 'update', 'create'])
    if (!(await checkPrivilege(client, policy, privilege, null))) missing.push(privilege);
  if (missing.length > 0)
    return [lacking(username, missing, `the policy ${places.leader}`, settings.protocol)];
  const rows = await rowsBelow(client);
  const writers = rows.some(({ kind, identifier }) => kind === 'group' && identifier === places.writers);
  return [
    fine('election', `${username} may load into ${places.leader}.`),
    ...(settings.protocol === 'fenced' && !writers ? [noWriters()] : []),
    ...(await examineRows(client, username, rows)),
    ...(await examineLoads(client, settings, writers)),
  ];
}

interface Row {
  readonly kind: string;
  readonly identifier: string;
}

/** What the caller sees below the policy. The server's search is by words, so it finds more than that. */
async function rowsBelow(client: ConjurClient): Promise<readonly Row[]> {
  const filter = { kind: null, search: places.leader, role: null, limit: null, offset: null };
  return (await listResources(client, filter)).flatMap(({ id }) => {
    const fullId = typeof id === 'string' ? parseFullId(id) : null;
    if (fullId === null) return [];
    const row = { kind: kindOf(fullId), identifier: identifierOf(fullId) };
    return row.identifier.startsWith(`${places.leader}/`) ? [row] : [];
  });
}

/** A replacement of the policy needs update on all that lies below it, and deletes what was loaded into it. */
async function examineRows(
  client: ConjurClient,
  username: string,
  rows: readonly Row[],
): Promise<readonly SyncFinding[]> {
  const findings: SyncFinding[] = [];
  for (const row of rows) {
    const name = `${row.kind} ${row.identifier}`;
    const mayUpdate = await checkPrivilege(client, row, 'update', null);
    if (!mayUpdate)
      findings.push({
        area: 'election',
        level: 'fault',
        sentence: `${username} has not update on the ${name}, so no leader can be deposed: a replacement of ${places.leader} needs it on everything below.`,
        advice: isOurs(row) ? initAdvice : 'Move it elsewhere; nothing but elections belongs there.',
      });
    else if (!isOurs(row))
      findings.push({
        area: 'election',
        level: 'warning',
        sentence: `The ${name} is none of an election's, and the next take-over may delete it.`,
        advice: 'Move it elsewhere; nothing but elections belongs there.',
      });
  }
  return findings;
}

function isOurs({ kind, identifier }: Row): boolean {
  const name = identifier.slice(places.leader.length + 1);
  if (kind === 'group') return name === 'writers';
  return kind === 'host' && (name === 'current-leader' || /^writer-[^/]+$/u.test(name));
}

/** Tries the two loads of a take-over. A server that can only load them is believed. */
async function examineLoads(
  client: ConjurClient,
  { protocol, name }: ElectionSettings,
  writers: boolean,
): Promise<readonly SyncFinding[]> {
  const writer = `writer-${randomBytes(16).toString('hex')}`;
  const text = protocol === 'fenced' ? fencedText(name, writer) : publishedText(name);
  const [put, post] = [
    await tried(client, { branch: places.leader, mode: 'replace', text: deletionText }),
    // Without the writers' group it is known why it fails.
    protocol === 'fenced' && !writers
      ? null
      : await tried(client, { branch: places.leader, mode: 'load', text }),
  ];
  return [
    ...(put === null ? [untried()] : loadFindings('depose a leader (PUT)', put, putAdvice)),
    ...(post === null ? [] : loadFindings('become the leader (POST)', post, initAdvice)),
  ];
}

/** What was not tried is not known to work. */
function untried(): SyncFinding {
  return {
    area: 'election',
    level: 'warning',
    sentence: `Whether a leader can be deposed and another come to lead could not be tried: the server knows no dry runs of loads into ${places.leader}.`,
    advice: `Try it: "holdfast sync once" takes the lead for one pass, and says what is refused.`,
  };
}

/** null: the server does not know dry runs. */
async function tried(client: ConjurClient, policy: PolicyText): Promise<DryRun | string | null> {
  try {
    return await dryRunPolicy(client, policy);
  } catch (error) {
    if (isProblem(error, 'api_not_allowed')) return null;
    if (isProblem(error, 'api_forbidden', 'api_missing', 'api_invalid')) return error.detail;
    throw error;
  }
}

function loadFindings(what: string, run: DryRun | string, advice: string): readonly SyncFinding[] {
  if (typeof run !== 'string' && run.valid) return [fine('election', `A try to ${what} would succeed.`)];
  const words = typeof run === 'string' ? run : run.faults.map(({ message }) => message).join(' ');
  const isKeySetting = /api-key/iu.test(words);
  return [
    {
      area: 'election',
      level: 'fault',
      sentence: `A try to ${what} fails: ${words.replaceAll(/\s+/gu, ' ').trim()}`,
      advice: isKeySetting
        ? 'The server gives hosts no API keys unless they ask (authn_api_key_default=false), and current-leader does not ask. Set authn_api_key_default (CONJUR_AUTHN_API_KEY_DEFAULT) to true.'
        : advice,
    },
  ];
}

function noWriters(): SyncFinding {
  return {
    area: 'election',
    level: 'fault',
    sentence: `There is no group ${places.writers}: the published policy stands, and the configuration wants the fenced protocol.`,
    advice: `${initAdvice} Or say "protocol: published", and live with two leaders at a time.`,
  };
}
