import type { ConjurClient } from '../../../src/client/client.ts';
import { loadPolicy } from '../../../src/client/policies.ts';
import { fencedPolicy } from '../../../src/core/election/conjur/policy-text.ts';

const branch = 'conjur/vault-synchronizer';

/**
 * Makes a host for each name, and the policy `vault` that they write below: as members of an election, or all of them at any time.
 *
 * @returns API keys by name
 */
export async function enrol(
  admin: ConjurClient,
  settings: { readonly names: readonly string[]; readonly vault: string; readonly elects: boolean },
): Promise<ReadonlyMap<string, string>> {
  const { names, vault, elects } = settings;
  if (elects) await loadPolicy(admin, { branch: 'root', mode: 'load', text: fencedPolicy() });
  const { createdRoles } = await loadPolicy(admin, {
    branch: 'root',
    mode: 'load',
    text: `
- !group ${vault}-admins
- !policy {id: ${vault}, owner: !group ${vault}-admins}
${names.map((name) => `- !host ${name}`).join('\n')}
- !grant
  role: !group ${elects ? `${branch}/members` : `${vault}-admins`}
  members: [${names.map((name) => `!host ${name}`).join(', ')}]
${elects ? `- !grant {role: !group ${vault}-admins, member: !group ${branch}/leader/writers}` : ''}`,
  });
  return new Map(createdRoles.map(({ id, apiKey }) => [id.split(':')[2] ?? '', apiKey.reveal()]));
}
