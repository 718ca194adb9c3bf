import { Problem } from '../../core/problem.ts';
import { delayFault } from './delay-fault.ts';
import type { NetworkFault } from './network-fault.ts';
import { packetFault } from './packet-fault.ts';
import type { Direction } from './packet-rules.ts';
import { type DrillNetwork, everybodyBut, type NetworkNode } from './place.ts';

/** Whom a fault parts. Peers are nodes, or the network's `uplink`: clients and the load balancer. */
export interface Parties {
  readonly network: DrillNetwork;
  readonly node: string;
  readonly peers: readonly string[];
}

const bothWays: readonly Direction[] = ['in', 'out'];

/** Nothing passes between the node and its peers. */
export function cutFrom({ network, node, peers }: Parties): NetworkFault {
  const title = `${node} is cut off from ${namesOf(network, peers)}`;
  return packetFault(network.hub, title, { node, peers, directions: bothWays, ports: null, percent: 100 });
}

/** Nothing passes between the node and anybody: its cable is cut. */
export function cutFromEverybody(network: DrillNetwork, node: string): NetworkFault {
  return cutFrom({ network, node, peers: everybodyBut(network, node) });
}

/** `in`: the node is heard, and hears nothing of its peers. `out`: it hears them, and is not heard. */
export function cutOneWay({ network, node, peers }: Parties, direction: Direction): NetworkFault {
  const others = namesOf(network, peers);
  const title = direction === 'in' ? `${node} does not hear ${others}` : `${node} is not heard by ${others}`;
  return packetFault(network.hub, title, { node, peers, directions: [direction], ports: null, percent: 100 });
}

/** The node reaches no etcd but its own, and nobody reaches that; everything else passes. @throws Problem `argument_invalid` */
export function cutFromEtcd(network: DrillNetwork, node: string): NetworkFault {
  const ports = network.nodes.flatMap(({ etcdPorts }) => etcdPorts);
  return packetFault(network.hub, `${node} is cut off from etcd`, {
    node,
    peers: everybodyBut(network, node),
    directions: bothWays,
    ports,
    percent: 100,
  });
}

/** No replication passes between the node and these standbys; everything else does. @throws Problem `argument_invalid` */
export function cutFromStandbys({ network, node, peers }: Parties): NetworkFault {
  const ports = [node, ...peers].flatMap((name) => nodeOf(network, name).postgresPorts);
  return packetFault(network.hub, `${node} does not replicate to ${namesOf(network, peers)}`, {
    node,
    peers,
    directions: bothWays,
    ports,
    percent: 100,
  });
}

/** Of all packets from and to the node, so many of a hundred are lost. */
export function lossy(network: DrillNetwork, node: string, percent: number): NetworkFault {
  const peers = everybodyBut(network, node);
  const title = `${percent} % of the packets of ${node} are lost`;
  return packetFault(network.hub, title, { node, peers, directions: bothWays, ports: null, percent });
}

/** Each packet of the node arrives so much later, and so does each answer that it waits for. */
export function delayed(network: DrillNetwork, node: string, delayMs: number): NetworkFault {
  const { hub, bridge } = network;
  return delayFault(`what ${node} sends arrives ${delayMs} ms late`, { hub, bridge, node, delayMs });
}

function nodeOf({ nodes }: DrillNetwork, name: string): NetworkNode {
  const node = nodes.find((one) => one.name === name);
  if (node === undefined)
    throw new Problem('argument_invalid', `A fault of the network: there is no node ${name}.`);
  return node;
}

function namesOf({ uplink, nodes }: DrillNetwork, peers: readonly string[]): string {
  if (peers.length === nodes.length) return 'everybody';
  return peers.map((name) => (name === uplink ? 'clients and the load balancer' : name)).join(', ');
}
