import type { Command } from 'commander';
import type { JoinOptions } from '../../agent/operations.ts';
import { Problem } from '../../core/problem.ts';
import {
  addEtcdOptions,
  addNodeOptions,
  type NodeArguments,
  nodeOptions,
} from '../arguments/node-arguments.ts';
import { readToken, type TokenArguments } from '../arguments/token-source.ts';
import type { CliContext } from '../context.ts';
import { interruptible } from '../interrupt.ts';

interface JoinArguments extends NodeArguments, TokenArguments {}

const examples = `
Examples:
  holdfast join https://db1.example.com:8406 --name db2 --host db2.example.com --token-file token
  ssh db1 holdfast token create --kind standby | holdfast join https://db1.example.com:8406 --token-file -

  "holdfast token create" prints the token, and says the URL to use. The token is good for one node and for a short
  time; it also tells this machine which cluster is the right one.
  Where the cluster uses an external etcd, --etcd-ca, --etcd-cert and --etcd-key are needed as they were for init.
  Next: start the node ("holdfast node", or the systemd unit).`;

export function addJoin(program: Command, context: CliContext): void {
  const command = program
    .command('join')
    .summary('make this machine a node of a cluster')
    .description(
      'Makes this machine a node of an existing cluster: makes its key, has its certificate issued, gets the data key sealed for it and copies the databases that a node of its kind has.',
    )
    .argument('<url>', 'a node of the cluster, as "holdfast token create" says it');
  addEtcdOptions(addNodeOptions(command, context))
    .option('--token-file <file>', 'file with the join token; "-" is standard input')
    .option(
      '--token <token>',
      'the join token itself; others on this machine can see it in the list of processes',
    )
    .addHelpText('after', examples)
    .action((url: string, given: JoinArguments) => join(url, given, context));
}

async function join(url: string, given: JoinArguments, context: CliContext): Promise<void> {
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new Problem(
      'usage',
      `url: "${url}" is not an address of a node; write it like https://db1.example.com:8406.`,
    );
  }
  const token = await readToken(given, context.environment.joinToken, process.stdin, () =>
    context.say(
      '! --token: others could see the token in the list of processes; --token-file keeps it to you.',
    ),
  );
  const { joinCluster } = await import('../../agent/join-cluster.ts');
  await interruptible((signal) =>
    joinCluster({ ...nodeOptions(given, context, signal), url, token, provisionAudit: makeAuditTables }),
  );
  context.say(`✓ ${given.name} is ready; start it with: holdfast node --dir ${given.dir}`);
}

/** A follower has an audit database of its own, which is handed to the agent as a step, as in `init`. */
const makeAuditTables: JoinOptions['provisionAudit'] = async ({ socketDir, auditPort }) => {
  const { prepareAudit } = await import('../../store/provision.ts');
  await prepareAudit({ socketDir, port: auditPort });
};
