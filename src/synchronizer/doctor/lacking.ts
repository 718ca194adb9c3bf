import type { SyncFinding } from './finding.ts';
import type { ElectionSettings } from '../election/settings.ts';

/** A privilege that `sync init` gives. */
export function lacking(
  username: string,
  privileges: readonly string[],
  what: string,
  protocol: ElectionSettings['protocol'] = 'fenced',
): SyncFinding {
  const option = protocol === 'published' ? ' --protocol published' : '';
  return {
    area: 'election',
    level: 'fault',
    sentence: `${username} has not ${privileges.join(' and ')} on ${what}.`,
    advice: `Run "holdfast sync init${option}" as an administrator, and "holdfast sync enroll NAME" for a host that is a member.`,
  };
}
