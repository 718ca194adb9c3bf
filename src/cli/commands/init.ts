import { type Command, Option } from 'commander';
import type { InitOptions } from '../../agent/operations.ts';
import type { LoadBalancerAddress } from '../../core/failover/cluster-state.ts';
import { Problem } from '../../core/problem.ts';
import { loadBalancerAddress } from '../arguments/load-balancer.ts';
import {
  addEtcdOptions,
  addNodeOptions,
  type NodeArguments,
  nodeOptions,
} from '../arguments/node-arguments.ts';
import { wholeNumber } from '../arguments/numbers.ts';
import { timeOption } from '../arguments/time-option.ts';
import type { CliContext } from '../context.ts';
import { interruptible } from '../interrupt.ts';

interface InitArguments extends NodeArguments {
  readonly cluster: string;
  readonly account: string;
  readonly publicName?: string;
  readonly ttl: number;
  readonly sync: number;
  readonly loadBalancer?: LoadBalancerAddress;
  readonly etcd: readonly string[];
}

const examples = `
Examples:
  A first node that other machines reach as db1, behind the name vault.example.com:
    holdfast init --name db1 --host db1.example.com --public-name vault.example.com \\
                  --load-balancer vault.example.com:443:5432:5433:8444 >admin.key

  With an etcd that runs already (its servers' certificates need serverAuth and clientAuth):
    holdfast init ... --etcd https://etcd1:2379 --etcd https://etcd2:2379 --etcd https://etcd3:2379 \\
                  --etcd-ca etcd-ca.crt --etcd-cert holdfast.crt --etcd-key holdfast.key >admin.key

  Standard output is the admin's API key and nothing else. It is shown once.
  Next: start the node ("holdfast node", or the systemd unit), then "holdfast token create".`;

export function addInit(program: Command, context: CliContext): void {
  const command = program
    .command('init')
    .summary('make the first node of a new cluster')
    .description(
      "Makes the first node of a new cluster: its certificate authority and data key, etcd, both databases, the account and its admin. Prints the admin's API key on standard output.",
    );
  const made = addNodeOptions(command, context)
    .option('--cluster <name>', 'name of the cluster', 'holdfast')
    .option('--account <name>', 'name of the account that clients log in to', 'default')
    .option('--public-name <fqdn>', 'DNS name under which clients reach the cluster (the host)')
    .addOption(
      timeOption('--ttl <time>', 'how long the cluster waits for a silent master', {
        leastMs: 2_000,
        mostMs: 300_000,
        usual: '5s',
      }),
    )
    .option('--sync <number>', 'how many standbys must confirm each write', wholeNumber('--sync', 1, 4), 1)
    .option(
      '--load-balancer <host:api:data:audit>',
      'where the load balancer will listen; followers and asynchronous standbys stream through it',
      loadBalancerAddress('--load-balancer'),
    )
    .addOption(
      new Option(
        '--etcd <url>',
        'use an external etcd (repeat for each of its members); needs the next three',
      )
        .argParser(addUrl)
        .default([], 'none'),
    );
  addEtcdOptions(made)
    .addHelpText('after', examples)
    .action((given: InitArguments) => init(given, context));
}

async function init(given: InitArguments, context: CliContext): Promise<void> {
  const { initialiseNode } = await import('../../agent/initialise-node.ts');
  const { adminApiKey } = await interruptible((signal) =>
    initialiseNode({
      ...nodeOptions(given, context, signal),
      cluster: given.cluster,
      account: given.account,
      publicName: given.publicName ?? given.host,
      ttlMs: given.ttl,
      syncCount: given.sync,
      loadBalancer: given.loadBalancer ?? null,
      externalEtcd: given.etcd,
      provision: provisionAccount,
    }),
  );
  context.say(`✓ ${given.name} is ready; start it with: holdfast node --dir ${given.dir}`);
  context.say(
    `  The API key of "admin" in account "${given.account}" follows. Keep it: it is not shown again.`,
  );
  context.answer(adminApiKey.reveal());
}

/** The agent knows nothing of secrets: the tables and the first account are handed to it as a step of its own. */
const provisionAccount: InitOptions['provision'] = async (target) => {
  const [{ provision }, { readDataKey }] = await Promise.all([
    import('../../store/provision.ts'),
    import('../../store/data-key.ts'),
  ]);
  const { adminApiKey } = await provision({
    data: { socketDir: target.socketDir, port: target.dataPort },
    audit: { socketDir: target.socketDir, port: target.auditPort },
    account: target.account,
    dataKey: await readDataKey(target.dataKeyFile),
  });
  return adminApiKey;
};

function addUrl(text: string, before: readonly string[]): readonly string[] {
  if (URL.canParse(text) && new URL(text).protocol === 'https:') return [...before, text];
  if (URL.canParse(text) && new URL(text).protocol === 'http:') {
    const why = 'every connection of a cluster is mutual TLS, etcd included';
    throw new Problem('usage', `--etcd: "${text}" is without TLS and is refused: ${why}. Use https.`);
  }
  throw new Problem('usage', `--etcd: "${text}" is not a URL; write it like https://etcd1.example.com:2379.`);
}
