import type { Command } from 'commander';
import { addDir } from '../arguments/node-arguments.ts';
import { timeOption } from '../arguments/time-option.ts';
import type { CliContext } from '../context.ts';
import { withCluster } from './cluster.ts';

interface SwitchoverArguments {
  readonly dir: string;
  readonly to?: string;
  readonly timeout: number;
}

const examples = `
Examples:
  holdfast switchover             to the synchronous standby
  holdfast switchover --to db2    to this standby, once it is synchronous

Nothing is lost, and clients wait for less than a second. The old master becomes a standby.`;

export function addSwitchover(program: Command, context: CliContext): void {
  const command = program
    .command('switchover')
    .summary('hand mastership to a standby, as planned')
    .description('Hands mastership to a standby without losing anything: for maintenance of the master.');
  addDir(command, context)
    .option('--to <name>', 'the standby that becomes master (the cluster chooses)')
    .addOption(
      timeOption('--timeout <time>', 'give up after', { leastMs: 1_000, mostMs: 600_000, usual: '90s' }),
    )
    .addHelpText('after', examples)
    .action(({ dir, to, timeout }: SwitchoverArguments) =>
      withCluster(dir, async (cluster, signal) => {
        const {
          from,
          to: winner,
          term,
          tookMs,
        } = await cluster.switchover({
          to: to ?? null,
          timeoutMs: timeout,
          onStep: (sentence) => context.say(`· ${sentence}`),
          signal,
        });
        context.say(
          `✓ ${winner} is master instead of ${from}, in term ${term}, after ${(tookMs / 1000).toFixed(1)} s.`,
        );
      }),
    );
}
