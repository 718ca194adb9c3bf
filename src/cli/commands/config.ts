import type { Command } from 'commander';
import { addDir } from '../arguments/node-arguments.ts';
import { readSetting, settingNames } from '../arguments/setting.ts';
import type { CliContext } from '../context.ts';
import { renderConfig } from '../render/config.ts';
import { readClusterConfig, withCluster } from './cluster.ts';

interface DirArguments {
  readonly dir: string;
}

const examples = `
Settings:
  ttl           how long the cluster waits for a silent master: a time from 2s to 5m. Shorter heals faster and is
                stricter with slow machines.
  sync          how many standbys must confirm each write: 1 to 4
  strict        on: with no standby left, writes are refused; off: the master goes on alone, and may lose them
  auto-rejoin   on: a failed master becomes a standby by itself; off: it waits for "holdfast member rejoin"

Example:
  holdfast config set ttl 10s`;

export function addConfig(program: Command, context: CliContext): void {
  const group = program
    .command('config')
    .summary("the cluster's settings")
    .description("The cluster's settings.");
  const show = group.command('show').summary('show them').description("Shows the cluster's settings.");
  addDir(show, context)
    .option('--json', 'as JSON')
    .action(async ({ dir, json }: DirArguments & { readonly json?: true }) => {
      const config = await readClusterConfig(dir);
      context.answer(json ? JSON.stringify(config, null, 2) : renderConfig(config));
    });
  const set = group
    .command('set')
    .summary('change one')
    .description('Changes a setting of the running cluster; nothing need be restarted.')
    .argument('<setting>', settingNames.join(', '))
    .argument('<value>', 'its new value');
  addDir(set, context)
    .addHelpText('after', examples)
    .action((setting: string, value: string, { dir }: DirArguments) => {
      const change = readSetting(setting, value);
      return withCluster(dir, async (cluster) => {
        await cluster.setConfig(change);
        context.say(`✓ ${setting} is ${value} now.`);
      });
    });
}
