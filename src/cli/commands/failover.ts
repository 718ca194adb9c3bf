import type { Command } from 'commander';
import { Problem } from '../../core/problem.ts';
import { addDir } from '../arguments/node-arguments.ts';
import type { CliContext } from '../context.ts';
import { withCluster } from './cluster.ts';

interface FailoverArguments {
  readonly dir: string;
  readonly to?: string;
  readonly force?: true;
  readonly acceptLoss?: true;
}

const examples = `
Example:
  holdfast failover --force --accept-loss --to dr1

Only for when the master and every synchronous standby are gone for good. What the promoted node had not received is
lost; the cluster writes down from which position on. While one of them can come back, bring it back instead. For
maintenance use "holdfast switchover".`;

export function addFailover(program: Command, context: CliContext): void {
  const command = program
    .command('failover')
    .summary('promote a node although writes may be lost')
    .description(
      'Promotes a node that may lack acknowledged writes, after master and synchronous standbys were lost.',
    );
  addDir(command, context)
    .option('--to <name>', 'the node to promote')
    .option('--force', 'promote without the consent of a master')
    .option('--accept-loss', 'you know that acknowledged writes may be lost')
    .addHelpText('after', examples)
    .action(({ dir, to, force, acceptLoss }: FailoverArguments) => {
      if (to === undefined)
        throw new Problem('usage', '--to: name the node to promote ("holdfast status" lists them).');
      if (force !== true || acceptLoss !== true) {
        throw new Problem(
          'usage',
          '--force and --accept-loss: both are needed, since acknowledged writes may be lost. A cluster heals by itself while one node that has them can come back; for maintenance use "holdfast switchover".',
        );
      }
      return withCluster(dir, async (cluster) => {
        const { sentence } = await cluster.forceFailover({ candidate: to, acceptLoss: true });
        context.say(`! ${sentence}`);
        context.say(`✓ ${to} was told to take over; watch it with "holdfast status --watch".`);
      });
    });
}
