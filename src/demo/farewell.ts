import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../runtime/files.ts';
import { account, type DemoPlan } from './plan.ts';
import { holdfast } from './product.ts';

/** Puts what the examples need into the demo's directory: the admin's key, and a shorthand for the command line. */
export async function writeHelpers(plan: DemoPlan, apiKey: string): Promise<void> {
  await writeFileAtomically(join(plan.dir, 'admin.key'), apiKey);
  const words = holdfast.map(quoted).join(' ');
  await writeFile(join(plan.dir, 'holdfast'), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
}

/**
 * What is said when the cluster is ready: how to reach it, and three things to try, each to be pasted as it stands.
 *
 * @param masterGroup the process group of the master's node, where one is known
 */
export function farewell(plan: DemoPlan, masterGroup: number | null): string {
  const dir = quoted(plan.dir);
  const watched = plan.nodes[1] ?? plan.nodes[0];
  const reader = plan.followersApi === null ? '' : `\n  Followers  ${plan.followersApi}`;
  return `
Ready.

  API        ${plan.api}${reader}
  account    ${account}, login admin, API key in ${plan.dir}/admin.key
  CA file    ${plan.caFile}
  details    ${plan.demoFile}, logs in ${plan.dir}/*/log

1. Store a secret and read it back (paste it all into one shell):

  cd ${dir}
  call() { curl -sS --cacert ca.crt -H "Authorization: Token token=\\"$TOKEN\\"" "$@"; echo; }
  login() { TOKEN=$(curl -sS --cacert ca.crt --data-binary @admin.key ${plan.api}/authn/${account}/admin/authenticate | base64 | tr -d '\\r\\n'); }
  login
  call --data '- !variable hello' ${plan.api}/policies/${account}/policy/root
  call --data 'a secret that outlives its master' ${plan.api}/secrets/${account}/variable/hello
  call ${plan.api}/secrets/${account}/variable/hello

2. In a second terminal, watch the cluster:

  ${dir}/holdfast status --watch --dir ${quoted(watched?.dir ?? '')}

3. Kill the master's whole node, and read the secret again${plan.shape.standbys < 2 ? ' (it needs two standbys to fail over)' : ''}:

  kill -9 -- -${masterGroup ?? 'PROCESS_GROUP_OF_THE_MASTER'}
  call ${plan.api}/secrets/${account}/variable/hello

Stop it with Ctrl-C, or: npm run demo -- --stop --dir ${dir}
`;
}

/** A word as a shell takes it literally; plain ones stay readable. */
function quoted(word: string): string {
  return /^[\w./:@%+-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
