import { type Command, Option } from 'commander';
import type { LoadBalancerAddress } from '../../core/failover/cluster-state.ts';
import { loadBalancerAddress } from '../arguments/load-balancer.ts';
import { addDir, path } from '../arguments/node-arguments.ts';
import { portNumber } from '../arguments/numbers.ts';
import { nodeToCome, type NodeToCome } from '../arguments/node-to-come.ts';
import type { CliContext } from '../context.ts';
import { readClusterConfig, withCluster } from './cluster.ts';

interface HaproxyArguments {
  readonly dir: string;
  readonly listen: string;
  readonly followersPort?: number;
  readonly statsPort?: number;
  readonly caFile?: string;
  readonly user?: string;
  readonly also: readonly NodeToCome[];
}

const examples = `
Examples:
  holdfast lb haproxy --followers-port 444 --ca-file /etc/haproxy/holdfast-ca.crt >/etc/haproxy/haproxy.cfg

HAProxy finds the master by asking every node; it need not be told of a failover, only of nodes that are added or
removed. The CA file is tls/ca.crt of any node: copy it to the machine of the load balancer.`;

export function addLoadBalancer(program: Command, context: CliContext): void {
  const group = program
    .command('lb')
    .summary('the load balancer')
    .description("The cluster's load balancer.");
  addHaproxy(group, context);
  const set = group
    .command('set')
    .summary('tell the cluster where its load balancer is')
    .description('Tells the cluster where clients, followers and asynchronous standbys reach the master.')
    .argument(
      '<host:api:data:audit:peer>',
      'its host, and its ports for the API, both databases and the API between nodes; "none": there is none',
    );
  addDir(set, context).action((where: string, { dir }: { readonly dir: string }) => {
    const address: LoadBalancerAddress | null =
      where === 'none' ? null : loadBalancerAddress('load balancer')(where);
    return withCluster(dir, async (cluster) => {
      await cluster.setLoadBalancer(address);
      context.say(
        address === null ? '✓ The cluster has no load balancer.' : `✓ The load balancer is at ${where}.`,
      );
    });
  });
}

function addHaproxy(group: Command, context: CliContext): void {
  const command = group
    .command('haproxy')
    .summary('print a haproxy.cfg')
    .description(
      'Prints a complete configuration for HAProxy 2.6 or newer: API, replication, and the pool of followers.',
    );
  addDir(command, context)
    .option(
      '--listen <address>',
      'address that HAProxy listens on, or several with commas between',
      '0.0.0.0',
    )
    .option('--followers-port <port>', 'port of the pool of followers (none)', portNumber('--followers-port'))
    .option(
      '--stats-port <port>',
      "port of HAProxy's own page, on loopback (none)",
      portNumber('--stats-port'),
    )
    .option(
      '--ca-file <file>',
      "the cluster's CA certificate, as HAProxy sees it (this node's)",
      path('--ca-file'),
    )
    .option('--user <user>', 'whom HAProxy becomes when root starts it')
    .addOption(
      new Option(
        '--also <name:kind:host:base>',
        'a node that is still to join, with the first of its ports (repeat)',
      )
        .argParser((text: string, before: readonly NodeToCome[]) => [...before, nodeToCome('--also')(text)])
        .default([], 'none'),
    )
    .addHelpText('after', examples)
    .action((given: HaproxyArguments) => printHaproxy(given, context));
}

async function printHaproxy(given: HaproxyArguments, context: CliContext): Promise<void> {
  const [{ haproxyOf }, { nodeLayout }] = await Promise.all([
    import('../../agent/haproxy-of.ts'),
    import('../../agent/layout.ts'),
  ]);
  const config = await readClusterConfig(given.dir);
  const toCome = given.also.filter(({ name }) => config.members.every((member) => member.name !== name));
  const { listen, followersPort, statsPort, caFile, user } = given;
  const text = haproxyOf({ ...config, members: [...config.members, ...toCome] }, nodeLayout(given.dir), {
    listen,
    ...(followersPort === undefined ? {} : { followersPort }),
    ...(statsPort === undefined ? {} : { stats: { host: '127.0.0.1', port: statsPort } }),
    ...(caFile === undefined ? {} : { caFile }),
    ...(user === undefined ? {} : { systemUser: user }),
  });
  context.answer(text.trimEnd());
}
