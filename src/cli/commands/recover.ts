import type { Command } from 'commander';
import type { Recovered } from '../../agent/recover-node.ts';
import { addDir } from '../arguments/node-arguments.ts';
import { portNumber } from '../arguments/numbers.ts';
import type { CliContext } from '../context.ts';
import { interruptible } from '../interrupt.ts';

interface RecoverArguments {
  readonly dir: string;
  readonly acceptLoss?: true;
  readonly etcdClientPort?: number;
  readonly etcdPeerPort?: number;
}

const examples = `
Examples:
  holdfast recover                              looks, says what would be lost, and changes nothing
  holdfast recover --accept-loss                on a standby, or on what is left of the master
  holdfast recover --accept-loss --etcd-client-port 8404 --etcd-peer-port 8405
                                                on an asynchronous standby, which has had no etcd member

Only for when most machines with etcd members are gone for good: while a majority can come back, bring it back instead,
and nothing is lost. Run it on the stopped node that holds most; it says how far the databases of a node go. The lost
machines must be wiped before they are ever started again.`;

export function addRecover(program: Command, context: CliContext): void {
  const command = program
    .command('recover')
    .summary('begin anew from one node, when etcd is lost for good')
    .description(
      'Makes this stopped node the only one of its cluster, with a new etcd, after the majority of etcd was lost for good.',
    );
  addDir(command, context)
    .option('--accept-loss', 'you know that acknowledged writes may be lost')
    .option(
      '--etcd-client-port <port>',
      'port of etcd for the agents, where this node has had none',
      portNumber('--etcd-client-port'),
    )
    .option(
      '--etcd-peer-port <port>',
      'port of etcd between its members, where this node has had none',
      portNumber('--etcd-peer-port'),
    )
    .addHelpText('after', examples)
    .action((given: RecoverArguments) => recover(given, context));
}

async function recover(given: RecoverArguments, context: CliContext): Promise<void> {
  const { recoverNode } = await import('../../agent/recover-node.ts');
  const done = await interruptible((signal) =>
    recoverNode({
      dir: given.dir,
      acceptLoss: given.acceptLoss === true,
      etcdPorts: { client: given.etcdClientPort ?? null, peer: given.etcdPeerPort ?? null },
      onLoss: (sentence) => context.say(`! ${sentence}`),
      onStep: (sentence) => context.say(`· ${sentence}`),
      signal,
    }),
  );
  for (const line of whatNext(done, given.dir)) context.say(line);
}

function whatNext(done: Recovered, dir: string): readonly string[] {
  const { name, lost, followers, abandoned } = done;
  const first = done.justNow
    ? `✓ ${name} is the only node of its cluster now.`
    : `✓ ${name} was recovered already; nothing was changed.`;
  const writes = done.strict
    ? 'It serves reads; writes wait until a standby is confirmed (strict is on).'
    : 'It serves reads, and after the ttl takes writes alone (strict is off).';
  const steps = [
    ...(lost.length === 0
      ? []
      : [
          `Wipe ${lost.join(', ')} before anything is started there again: together they could come up as the old cluster.`,
        ]),
    `Start this node: holdfast node --dir ${dir}. ${writes}`,
    ...(done.mayIssue
      ? []
      : [
          `Copy the directory authority/ of another node, or of a backup, into ${dir}: without it nobody can join.`,
        ]),
    'Add two standbys: "holdfast token create --kind standby" here, "holdfast join" on wiped machines.',
    'Write the load balancer\'s configuration anew: "holdfast lb haproxy" (and "holdfast lb set", if it stands elsewhere now).',
    ...(followers.kept.length === 0
      ? []
      : [`Restart the followers ${followers.kept.join(', ')}: each holds on to the old etcd until then.`]),
    ...(followers.anew.length === 0
      ? []
      : [
          `Wipe the followers ${followers.anew.join(', ')} and let them join anew; until then they serve what they have.`,
        ]),
    ...(abandoned === null ? [] : [`When all is well, remove ${abandoned}.`]),
  ];
  return [first, '  Next:', ...steps.map((step, at) => `  ${at + 1}. ${step}`)];
}
