import { createHash } from 'node:crypto';

/**
 * The network of a demo whose nodes live in namespaces: a bridge in a namespace of its own (the hub), a cable from it to
 * each node, and one to the namespace that the demo was started in, where clients and HAProxy are. Nothing leads out:
 * nobody has a route but to the subnet itself.
 */
export interface NetworkPlan {
  /** Begins the name of every namespace of this demo, and of nobody else's: it is made of the directory. */
  readonly prefix: string;
  /** The namespace of the bridge. */
  readonly hub: string;
  /** The interface by which the machine's own namespace is on the bridge; 15 characters at most (IFNAMSIZ). */
  readonly link: string;
  /** The machine's own address there: HAProxy's, as nodes see it, and that of every client. */
  readonly gateway: string;
  /** In CIDR notation. */
  readonly subnet: string;
}

/** A node as far as the network is concerned. */
export interface PlacedNode {
  readonly name: string;
  readonly namespace: string | null;
  readonly address: string;
}

/** The interface of every node in its namespace. */
const nodeInterface = 'eth0';
/** The bridge, in the hub. */
export const bridge = 'lan';
/** The port of the bridge to the machine's own namespace. A node's port has the name of the node. */
export const uplink = 'uplink';

/** @param subnet 24 bits, in CIDR notation */
export function planNetwork(dir: string, subnet: string): NetworkPlan {
  const mark = digestOf(dir).toString('hex').slice(0, 8);
  return {
    prefix: `holdfast-${mark}-`,
    hub: `holdfast-${mark}-hub`,
    link: `hf${mark}`,
    gateway: hostOf(subnet, 1),
    subnet,
  };
}

export function namespaceOf({ prefix }: NetworkPlan, name: string): string {
  return `${prefix}${name}`;
}

/** @param at the node's place among the nodes, from 0 */
export function addressOf({ subnet }: NetworkPlan, at: number): string {
  return hostOf(subnet, 11 + at);
}

function hostOf(subnet: string, host: number): string {
  return subnet.replace(/\d+\/24$/u, String(host));
}

/** The words to put before a command so that it runs in a namespace (nothing when that is null). Neither forks. */
export function inNamespace(namespace: string | null): readonly string[] {
  return namespace === null ? [] : ['nsenter', `--net=/run/netns/${namespace}`, '--'];
}

/** The commands that lay the network, in order. Names follow a keyword: `ip` takes a short one for an option. */
export function layingCommands(
  network: NetworkPlan,
  nodes: readonly PlacedNode[],
): readonly (readonly string[])[] {
  const { hub, link, gateway } = network;
  return [
    ['ip', 'netns', 'add', hub],
    ['ip', '-n', hub, 'link', 'add', 'name', bridge, 'type', 'bridge'],
    ['ip', '-n', hub, 'link', 'set', 'dev', bridge, 'up'],
    ['ip', 'link', 'add', 'name', link, 'type', 'veth', 'peer', 'name', uplink, 'netns', hub],
    ['ip', '-n', hub, 'link', 'set', 'dev', uplink, 'master', bridge, 'up'],
    ['ip', 'address', 'add', `${gateway}/24`, 'dev', link],
    ['ip', 'link', 'set', 'dev', link, 'up'],
    ...nodes.flatMap(({ name, namespace, address }) =>
      namespace === null ? [] : cable(name, namespace, address),
    ),
  ];

  /** The end in the hub has the node's name. */
  function cable(name: string, namespace: string, address: string): readonly (readonly string[])[] {
    return [
      ['ip', 'netns', 'add', namespace],
      ['ip', '-n', namespace, 'link', 'set', 'dev', 'lo', 'up'],
      [
        'ip',
        '-n',
        hub,
        'link',
        'add',
        name,
        'type',
        'veth',
        'peer',
        'name',
        nodeInterface,
        'netns',
        namespace,
      ],
      ['ip', '-n', hub, 'link', 'set', 'dev', name, 'master', bridge, 'up'],
      ['ip', '-n', namespace, 'address', 'add', `${address}/24`, 'dev', nodeInterface],
      ['ip', '-n', namespace, 'link', 'set', 'dev', nodeInterface, 'up'],
    ];
  }
}

/**
 * The first of the private subnets that `dir` leads to, in which nothing is that this machine uses.
 *
 * @param taken addresses and subnets, with or without the number of bits
 * @returns null when all sixteen are taken
 */
export function chooseSubnet(dir: string, taken: readonly string[]): string | null {
  const bytes = digestOf(dir);
  const candidates = Array.from({ length: 16 }, (_, at) => `10.${bytes[2 * at]}.${bytes[2 * at + 1]}.0/24`);
  return candidates.find((subnet) => isFree(subnet, taken)) ?? null;
}

export function isFree(subnet: string, taken: readonly string[]): boolean {
  const { first, last } = rangeOf(subnet);
  return taken.map(rangeOf).every((other) => other.last < first || other.first > last);
}

function rangeOf(block: string): { readonly first: number; readonly last: number } {
  const [address = '', bits = '32'] = block.split('/');
  const value = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}

function digestOf(dir: string): Buffer {
  return createHash('sha256').update(dir).digest();
}
