import type { Command } from 'commander';
import { addDir } from '../arguments/node-arguments.ts';
import type { CliContext } from '../context.ts';
import { renderMembers } from '../render/members.ts';
import { withCluster } from './cluster.ts';
import { jsonText } from '../render/json-text.ts';

interface DirArguments {
  readonly dir: string;
}

export function addMember(program: Command, context: CliContext): void {
  const group = program
    .command('member')
    .summary('list, remove or readmit nodes')
    .description('The nodes that the cluster was declared with.');
  addList(group, context);
  const remove = group
    .command('remove')
    .summary('take a node out of the cluster for good')
    .description(
      'Takes a node out of the cluster for good. Stop it first, and wipe its machine: its certificate stays valid until it expires.',
    )
    .argument('<name>', 'the node');
  addDir(remove, context).action((name: string, { dir }: DirArguments) =>
    withCluster(dir, async (cluster) => {
      await cluster.removeMember(name);
      context.say(`✓ ${name} is no member any more.`);
    }),
  );
  const rejoin = group
    .command('rejoin')
    .summary('readmit a master that was evicted')
    .description('Readmits an evicted node as a standby; needed only where auto-rejoin is off.')
    .argument('<name>', 'the node');
  addDir(rejoin, context).action((name: string, { dir }: DirArguments) =>
    withCluster(dir, async (cluster) => {
      await cluster.rejoinMember(name);
      context.say(`✓ ${name} may come back; "holdfast status --watch" shows it.`);
    }),
  );
}

function addList(group: Command, context: CliContext): void {
  const command = group
    .command('list')
    .summary('list the nodes and where they listen')
    .description(
      'Lists the declared nodes, whether they are alive or not. "holdfast status" shows how they are.',
    );
  addDir(command, context)
    .option('--json', 'as JSON')
    .action(({ dir, json }: DirArguments & { readonly json?: true }) =>
      withCluster(dir, async (cluster) => {
        const members = await cluster.members();
        context.answer(json ? jsonText(members) : renderMembers(members, context.style));
      }),
    );
}
