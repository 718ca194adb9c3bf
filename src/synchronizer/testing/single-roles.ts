import { loadPolicy } from '../../client/policies.ts';
import { recordOf } from '../../client/refusal.ts';
import { showResource } from '../../client/resources.ts';
import type { PassLab } from './pass-lab.ts';

let apps = 0;

/** Makes a host and permits it, from the root policy, to read one variable of the safe `web`; answers its name. */
export async function letIn(lab: PassLab, path: string): Promise<string> {
  apps += 1;
  const name = `let-in-${apps}`;
  const resource = `!variable '${lab.vault}/l/web/${path}'`;
  await loadPolicy(lab.client, {
    branch: 'root',
    mode: 'load',
    text: `- !host ${name}\n- !permit {role: !host ${name}, privileges: [read, execute], resource: ${resource}}`,
  });
  return name;
}

/** The hosts that are permitted something on a variable of the safe `web` by themselves. */
export async function appsOn(lab: PassLab, path: string): Promise<readonly string[]> {
  const identifier = `${lab.vault}/l/web/${path}`;
  const { permissions } = await showResource(lab.client, { kind: 'variable', identifier });
  const roles = (Array.isArray(permissions) ? permissions : []).map((each) =>
    String(recordOf(each)?.['role']),
  );
  return [...new Set(roles.flatMap((role) => /:host:(.*)$/u.exec(role)?.[1] ?? []))].sort();
}
