import type { Command } from 'commander';
import type { NodeKind } from '../../core/failover/cluster-state.ts';
import { addDir, oneOf } from '../arguments/node-arguments.ts';
import { timeOption } from '../arguments/time-option.ts';
import type { CliContext } from '../context.ts';
import { renderInstant } from '../render/instant.ts';
import { withCluster } from './cluster.ts';

interface TokenCreateArguments {
  readonly dir: string;
  readonly kind: NodeKind;
  readonly ttl: number;
  readonly json?: true;
}

const kinds = ['standby', 'asynchronous', 'follower'] as const;

const examples = `
Kinds:
  standby       replicates everything, may become master; writes wait for one of them
  asynchronous  replicates everything through the load balancer, is promoted by an operator only (another site)
  follower      replicates the data through the load balancer and serves reads and logins

Example:
  holdfast token create --kind standby >token       then, on the new machine, what it says on standard error`;

export function addToken(program: Command, context: CliContext): void {
  const token = program
    .command('token')
    .summary('tokens with which machines join')
    .description('Join tokens.');
  const command = token
    .command('create')
    .summary('make a token for one new node')
    .description(
      'Makes a token with which one machine can join, once, within a short time. Prints it on standard output.',
    )
    .requiredOption(
      '--kind <kind>',
      `what the new node will be: ${kinds.join(', ')}`,
      oneOf('--kind', kinds),
    );
  addDir(command, context)
    .addOption(
      timeOption('--ttl <time>', 'how long the token is good', {
        leastMs: 10_000,
        mostMs: 86_400_000,
        usual: '15m',
      }),
    )
    .option('--json', 'token, url and expiry as JSON')
    .addHelpText('after', examples)
    .action(({ dir, kind, ttl, json }: TokenCreateArguments) =>
      withCluster(dir, async (cluster) => {
        const { text, url, expiresAt } = await cluster.createToken({ kind, ttlMs: ttl });
        if (json) {
          context.answer(
            JSON.stringify({ token: text.reveal(), url, kind, expiresAt: expiresAt.toISOString() }, null, 2),
          );
          return;
        }
        context.say(
          `A token for one ${kind} node, good until ${renderInstant(expiresAt)}. On the new machine:`,
        );
        context.say(`  holdfast join ${url} --host ITS-OWN-NAME --token-file FILE`);
        context.answer(text.reveal());
      }),
    );
}
