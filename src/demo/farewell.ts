import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../runtime/files.ts';
import { account, type DemoPlan } from './plan.ts';
import { holdfast } from './product.ts';

/** Puts what the examples need into the demo's directory: the admin's key, and a shorthand for the command line. */
export async function writeHelpers(plan: DemoPlan, apiKey: string): Promise<void> {
  await writeFileAtomically(join(plan.dir, 'admin.key'), apiKey);
  const words = holdfast.map(quoted).join(' ');
  // Its own place for "holdfast login", so that it takes nobody's session away; and a node, where none is named.
  const settings = [
    `export XDG_CONFIG_HOME=${quoted(join(plan.dir, 'config'))}`,
    `: "\${HOLDFAST_DIR:=${watchedDir(plan)}}"; export HOLDFAST_DIR`,
    `export HOLDFAST_DEMO=${quoted(plan.dir)}`,
  ];
  const script = ['#!/bin/sh', ...settings, `exec ${words} "$@"`, ''].join('\n');
  await writeFile(join(plan.dir, 'holdfast'), script, { mode: 0o755 });
}

/**
 * What is said when the cluster is ready: how to reach it, and three things to try, each to be pasted as it stands.
 *
 * @param masterGroup the process group of the master's node, where one is known
 */
export function farewell(plan: DemoPlan, masterGroup: number | null): string {
  const dir = quoted(plan.dir);
  const namespaces = plan.network === null ? '' : `\n  networks   ip netns exec ${plan.network.prefix}NODE …`;
  const reader = plan.followersApi === null ? '' : `\n  Followers  ${plan.followersApi}`;
  return `
Ready.

  API        ${plan.api}${reader}
  account    ${account}, login admin, API key in ${plan.dir}/admin.key
  CA file    ${plan.caFile}
  details    ${plan.demoFile}, logs in ${plan.dir}/*/log${namespaces}

1. Store a secret and read it back (paste it all into one shell):

  cd ${dir}
  ./holdfast login admin <admin.key
  echo '- !variable hello' | ./holdfast policy load -b root --yes
  printf 'a secret that outlives its master' | ./holdfast variable set hello
  ./holdfast variable get hello

2. In a second terminal, watch the cluster:

  ${dir}/holdfast status --watch

3. Kill the master's whole node, and read the secret again${plan.shape.standbys < 2 ? ' (it needs two standbys to fail over)' : ''}:

  kill -9 -- -${masterGroup ?? 'PROCESS_GROUP_OF_THE_MASTER'}
  ./holdfast variable get hello

Stop it with Ctrl-C, or: npm run demo -- --stop --dir ${dir}
`;
}

/** Of the node that commands speak through: not the first master, which is there to be killed. */
function watchedDir({ nodes }: DemoPlan): string {
  return (nodes[1] ?? nodes[0])?.dir ?? '';
}

/** A word as a shell takes it literally; plain ones stay readable. */
function quoted(word: string): string {
  return /^[\w./:@%+-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
