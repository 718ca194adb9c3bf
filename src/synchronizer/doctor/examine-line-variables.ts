import type { ConjurClient } from '../../client/client.ts';
import { readSecret } from '../../client/secrets.ts';
import { isProblem } from '../../core/problem.ts';
import type { SyncConfig } from '../config/config.ts';
import { fine, type SyncFinding } from './finding.ts';

/** Whether the credentials of lines of business that lie in variables of the target can be read. */
export async function examineLineVariables(
  { source }: SyncConfig,
  client: ConjurClient,
): Promise<readonly SyncFinding[]> {
  if (source.kind !== 'cyberark-pam') return [];
  const findings: SyncFinding[] = [];
  for (const { name, credentials } of source.linesOfBusiness) {
    if (!('variable' in credentials)) continue;
    const { variable } = credentials;
    try {
      await readSecret(client, variable, null);
      findings.push(fine('source', `${name}: its credentials in ${variable} can be read.`));
    } catch (error) {
      if (!isProblem(error, 'api_missing', 'api_forbidden')) throw error;
      findings.push({
        area: 'source',
        level: 'fault',
        sentence: `${name}: the variable ${variable} is not there, has no value, or may not be read.`,
        advice: `Make it in conjur/vault-synchronizer/vault-lines-of-business, which members own, and give it {"username": …, "password": …} by "holdfast variable set".`,
      });
    }
  }
  return findings;
}
