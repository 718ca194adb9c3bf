import { setTimeout as wait } from 'node:timers/promises';
import { isProblem, Problem } from '../core/problem.ts';
import { type CommandResult, runCommand, runCommandOk } from '../runtime/run-command.ts';
import { isFree, chooseSubnet, layingCommands, type NetworkPlan, type PlacedNode } from './network-plan.ts';
import { send } from './processes.ts';
import { childEnvironment } from './product.ts';

const commandMs = 10_000;
/** How long a killed process may take to leave its namespace, in milliseconds. */
const leaveMs = 5_000;

/** What is needed: a program, how to see that it is there, and the Debian package that brings it. */
const programs = [
  { argv: ['ip', '-V'], package: 'iproute2' },
  { argv: ['nft', '-v'], package: 'nftables' },
  { argv: ['nsenter', '-V'], package: 'util-linux' },
] as const;

/**
 * Makes sure that this process may make network namespaces and has the programs for it; changes nothing.
 *
 * @throws Problem `usage`, `missing_binary` that says what to do
 */
export async function requireNamespaces(): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Problem(
      'usage',
      '--namespaces: only root on Linux makes network namespaces. Start it as root, or leave the option out: then all nodes are on loopback.',
    );
  }
  for (const { argv, package: name } of programs) {
    try {
      await command(argv);
    } catch (cause) {
      if (!isProblem(cause, 'missing_binary')) throw cause;
      throw new Problem(
        'missing_binary',
        `--namespaces: ${argv[0]} is not installed. Run "npm run setup", or: apt-get install ${name}`,
        { cause },
      );
    }
  }
}

/** A subnet for the demo in `dir` that nothing on this machine uses. @throws Problem `config_invalid` */
export async function findSubnet(dir: string): Promise<string> {
  const subnet = chooseSubnet(dir, await takenBlocks());
  if (subnet !== null) return subnet;
  throw new Problem(
    'config_invalid',
    '--namespaces: every private subnet that was tried is used on this machine. Name another --dir, which leads to others.',
  );
}

/** @throws Problem `config_invalid` when something on this machine uses the subnet that a demo was made with */
export async function requireFreeSubnet(subnet: string): Promise<void> {
  if (isFree(subnet, await takenBlocks())) return;
  throw new Problem(
    'config_invalid',
    `--namespaces: something on this machine uses ${subnet}, which the certificates of this demo name. Free it, or begin anew with --fresh.`,
  );
}

/** Addresses and subnets that this machine has or knows a way to, the default route aside. */
async function takenBlocks(): Promise<readonly string[]> {
  const [routes, interfaces] = await Promise.all([
    commandOk(['ip', '-j', '-4', 'route', 'show', 'table', 'all']),
    commandOk(['ip', '-j', '-4', 'address', 'show']),
  ]);
  const ways: readonly { readonly dst?: string }[] = jsonList(routes.stdout);
  const own: readonly {
    readonly addr_info?: readonly { readonly local?: string; readonly prefixlen?: number }[];
  }[] = jsonList(interfaces.stdout);
  return [
    ...ways.map(({ dst = '' }) => dst),
    ...own.flatMap(({ addr_info: infos = [] }) =>
      infos.map(({ local = '', prefixlen = 32 }) => `${local}/${prefixlen}`),
    ),
  ].filter((block) => /^\d/u.test(block));
}

/** Without anything to list, `ip` prints nothing, or objects without content. */
function jsonList<T>(text: string): readonly T[] {
  return text.trim() === '' ? [] : JSON.parse(text);
}

/**
 * Makes the namespaces and the cables between them, anew where some are left of a directory that is gone.
 *
 * @throws Problem `command_failed`; `removeNetwork` takes away what was made until then
 */
export async function layNetwork(network: NetworkPlan, nodes: readonly PlacedNode[]): Promise<void> {
  await removeNetwork(network);
  for (const argv of layingCommands(network, nodes)) await commandOk(argv);
}

/**
 * Takes away every namespace of this demo, whoever is in it, and with them their interfaces and rules. Nothing there: no
 * failure.
 *
 * @throws Problem `command_failed` that names what is left
 */
export async function removeNetwork(network: NetworkPlan): Promise<void> {
  const namespaces = await namespacesOf(network);
  for (const namespace of namespaces) await vacate(namespace);
  await command(['ip', 'link', 'delete', network.link]); // at once; with its namespace it would go a little later
  for (const namespace of namespaces) await command(['ip', 'netns', 'delete', namespace]);
  const left = await namespacesOf(network);
  if (left.length === 0) return;
  throw new Problem(
    'command_failed',
    `Network namespaces could not be removed: ${left.join(', ')}. Remove them by hand: ip netns delete NAME`,
  );
}

async function namespacesOf({ prefix }: NetworkPlan): Promise<readonly string[]> {
  const { stdout } = await commandOk(['ip', 'netns', 'list']);
  const names = stdout.split('\n').map((line) => line.split(' ')[0] ?? '');
  return names.filter((name) => name.startsWith(prefix));
}

/** Ends whoever is still in a namespace: a process there would keep it, with all that is in it, under no name. */
async function vacate(namespace: string): Promise<void> {
  const deadline = performance.now() + leaveMs;
  while (performance.now() < deadline) {
    const { stdout } = await command(['ip', 'netns', 'pids', namespace]);
    const pids = stdout.split('\n').filter((line) => /^\d+$/u.test(line));
    if (pids.length === 0) return;
    for (const pid of pids) send(Number(pid), 'SIGKILL');
    await wait(50);
  }
}

function command(argv: readonly string[]): Promise<CommandResult> {
  return runCommand(argv, { timeoutMs: commandMs, env: childEnvironment() });
}

function commandOk(argv: readonly string[]): Promise<CommandResult> {
  return runCommandOk(argv, { timeoutMs: commandMs, env: childEnvironment() });
}
