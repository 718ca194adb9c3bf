import { join } from 'node:path';
import { Problem } from '../core/problem.ts';
import type { DemoArguments } from './arguments.ts';
import { addressOf, namespaceOf, type NetworkPlan, planNetwork } from './network-plan.ts';

/** What a demo consists of: kept in its directory, so that it can be started again as it was. */
export interface DemoShape {
  readonly port: number;
  readonly ttlSeconds: number;
  readonly standbys: number;
  readonly followers: number;
  /** The network of nodes in namespaces of their own, in CIDR notation; null: they are all on loopback. */
  readonly subnet: string | null;
  /** Of the disk that each node has for itself, in memory; null: they are all on that of the machine. */
  readonly diskMegabytes: number | null;
  /** Each node has a wall clock of its own. */
  readonly fakeClocks: boolean;
}

export interface PlannedNode {
  readonly name: string;
  readonly kind: 'standby' | 'follower';
  readonly dir: string;
  /** PGDATA of the instance *data*. */
  readonly dataDir: string;
  readonly log: string;
  /** Where a disk of its own is mounted: its directory; null: it has none. */
  readonly disk: string | null;
  /** The file with what its wall clock is ahead of the machine's; null: it has that. */
  readonly clock: string | null;
  /** The network namespace that it lives in; null: that of the demo. */
  readonly namespace: string | null;
  readonly address: string;
  readonly ports: {
    readonly base: number;
    readonly api: number;
    readonly data: number;
    readonly audit: number;
    /** Null on a follower, which has no etcd. */
    readonly etcdClient: number | null;
    readonly etcdPeer: number | null;
  };
  /** URL of its own API. */
  readonly api: string;
}

export interface DemoPlan {
  readonly dir: string;
  readonly shape: DemoShape;
  /** The first is the one that `init` makes. */
  readonly nodes: readonly PlannedNode[];
  /** Null: everything is on loopback. */
  readonly network: NetworkPlan | null;
  readonly balancer: {
    /** Where it listens: always on loopback, where clients look for it. */
    readonly listen: readonly string[];
    /** Where nodes reach it. */
    readonly address: string;
    readonly api: number;
    readonly followers: number;
    readonly data: number;
    readonly audit: number;
    readonly peer: number;
    readonly stats: number;
    readonly config: string;
    readonly log: string;
  };
  readonly caFile: string;
  readonly demoFile: string;
  /** API URLs through the load balancer. */
  readonly api: string;
  readonly followersApi: string | null;
}

export const account = 'default';
/** Clients reach the load balancer here, and nodes are here that have no address of their own. */
export const loopback = '127.0.0.1';
/** In every certificate, and a name of the loopback interface everywhere (RFC 6761, section 6.3). */
export const publicName = 'localhost';

const defaults: DemoShape = {
  port: 8400,
  ttlSeconds: 5,
  standbys: 2,
  followers: 1,
  subnet: null,
  diskMegabytes: null,
  fakeClocks: false,
};
/** A hundred ports: ten for the load balancer, ten for each node. */
const mostNodes = 9;

/**
 * What this demo consists of: as it was made, or as it was asked for.
 *
 * @param made the shape of a demo that is in the directory already
 * @param subnet of a new demo with namespaces
 * @throws Problem `usage` for too many nodes, and for an existing demo that was made otherwise
 */
export function shapeOf(
  given: DemoArguments,
  made: DemoShape | null,
  subnet: string | null = null,
): DemoShape {
  const asked = {
    port: given.port,
    ttlSeconds: given.ttlSeconds,
    standbys: given.standbys,
    followers: given.followers,
  };
  const before = made ?? defaults;
  const shape: DemoShape = {
    port: asked.port ?? before.port,
    ttlSeconds: asked.ttlSeconds ?? before.ttlSeconds,
    standbys: asked.standbys ?? before.standbys,
    followers: asked.followers ?? before.followers,
    subnet: made === null ? subnet : made.subnet,
    diskMegabytes: given.diskMegabytes ?? before.diskMegabytes,
    fakeClocks: given.fakeClocks || before.fakeClocks,
  };
  if (made !== null) refuseOtherShape(given, shape, made);
  const nodes = 1 + shape.standbys + shape.followers;
  if (nodes > mostNodes) {
    throw new Problem(
      'usage',
      `--standbys and --followers: with the master that is ${nodes} nodes; the ports BASE to BASE+99 are enough for ${mostNodes}.`,
    );
  }
  return shape;
}

function refuseOtherShape({ dir, namespaces }: DemoArguments, shape: DemoShape, made: DemoShape): void {
  const options = {
    port: '--port',
    ttlSeconds: '--ttl',
    standbys: '--standbys',
    followers: '--followers',
    diskMegabytes: '--small-disks',
  } as const;
  if (namespaces && made.subnet === null) {
    throw new Problem(
      'usage',
      `--namespaces: the demo in ${dir} was made without. Leave the option out to start it as it is, begin anew with --fresh, or name another --dir.`,
    );
  }
  for (const field of ['port', 'ttlSeconds', 'standbys', 'followers', 'diskMegabytes'] as const) {
    if (shape[field] === made[field]) continue;
    throw new Problem(
      'usage',
      `${options[field]}: the demo in ${dir} was made with ${made[field] ?? 'no such disks'}. Leave the option out to start it as it is, begin anew with --fresh, or name another --dir.`,
    );
  }
}

/** Names, directories, addresses, ports and URLs of everything. */
export function planDemo(dir: string, shape: DemoShape): DemoPlan {
  const { port, standbys, followers, subnet } = shape;
  const network = subnet === null ? null : planNetwork(dir, subnet);
  const names = [
    ...Array.from({ length: 1 + standbys }, (_, at) => ({ name: `n${at + 1}`, kind: 'standby' as const })),
    ...Array.from({ length: followers }, (_, at) => ({ name: `f${at + 1}`, kind: 'follower' as const })),
  ];
  return {
    dir,
    shape,
    nodes: names.map(({ name, kind }, at) => {
      const place = placeOf(network, name, at);
      const node = planNode(join(dir, name), name, kind, port + 10 * (at + 1), place);
      return { ...node, ...outfitOf(dir, shape, name) };
    }),
    network,
    balancer: {
      listen: network === null ? [loopback] : [loopback, network.gateway],
      address: network?.gateway ?? loopback,
      api: port,
      followers: port + 1,
      data: port + 2,
      audit: port + 3,
      peer: port + 4,
      stats: port + 9,
      config: join(dir, 'haproxy.cfg'),
      log: join(dir, 'haproxy.log'),
    },
    caFile: join(dir, 'ca.crt'),
    demoFile: join(dir, 'demo.json'),
    api: `https://${publicName}:${port}`,
    followersApi: followers === 0 ? null : `https://${publicName}:${port + 1}`,
  };
}

/** What of a node is not on the disk and the clock of the machine. Its log never fills its own disk. */
function outfitOf(
  dir: string,
  { diskMegabytes, fakeClocks }: DemoShape,
  name: string,
): Pick<PlannedNode, 'log' | 'disk' | 'clock'> {
  const own = join(dir, name);
  return {
    log: diskMegabytes === null ? join(own, 'log') : join(dir, 'logs', name),
    disk: diskMegabytes === null ? null : own,
    clock: fakeClocks ? join(dir, 'clocks', name, 'offset') : null,
  };
}

type Place = Pick<PlannedNode, 'namespace' | 'address'>;

function placeOf(network: NetworkPlan | null, name: string, at: number): Place {
  if (network === null) return { namespace: null, address: loopback };
  return { namespace: namespaceOf(network, name), address: addressOf(network, at) };
}

function planNode(
  dir: string,
  name: string,
  kind: PlannedNode['kind'],
  base: number,
  place: Place,
): Omit<PlannedNode, 'log' | 'disk' | 'clock'> {
  return {
    name,
    kind,
    dir,
    dataDir: join(dir, 'data', 'pgdata'),
    ...place,
    ports: {
      base,
      api: base,
      data: base + 2,
      audit: base + 3,
      etcdClient: kind === 'follower' ? null : base + 4,
      etcdPeer: kind === 'follower' ? null : base + 5,
    },
    api: `https://${place.namespace === null ? publicName : place.address}:${base}`,
  };
}

/** Every port that the demo listens on in the machine's own namespace. */
export function portsOf({ balancer, nodes, network }: DemoPlan): readonly number[] {
  const { api, followers, data, audit, peer, stats } = balancer;
  return [
    ...[api, followers, data, audit, peer, stats],
    ...(network === null ? nodes : []).flatMap(({ kind, ports: { base } }) =>
      [0, 1, 2, 3, 4, 5, 6]
        .filter((at) => kind === 'standby' || (at !== 4 && at !== 5))
        .map((at) => base + at),
    ),
  ];
}
