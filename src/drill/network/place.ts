import { Problem } from '../../core/problem.ts';

/** A cluster whose nodes are in network namespaces, as far as faults of its network are concerned. */
export interface DrillNetwork {
  /** The namespace of the bridge that everything between two nodes crosses, and everything in or out. */
  readonly hub: string;
  readonly bridge: string;
  /** The port of the bridge behind which clients and the load balancer are. */
  readonly uplink: string;
  readonly nodes: readonly NetworkNode[];
}

export interface NetworkNode {
  /** Its port on the bridge has this name too. */
  readonly name: string;
  readonly postgresPorts: readonly number[];
  /** Client and peer port; none on a node without etcd. */
  readonly etcdPorts: readonly number[];
}

/** What is looked at of `demo.json`. */
export interface DemoFacts {
  readonly network: { readonly hub: string; readonly bridge: string; readonly uplink: string } | null;
  readonly nodes: readonly {
    readonly name: string;
    readonly postgres: {
      readonly data: { readonly port: number };
      readonly audit: { readonly port: number };
    };
    readonly etcd: { readonly client: string; readonly peer: string } | null;
  }[];
}

/** @throws Problem `usage` when the demo's nodes have no namespaces */
export function networkOf({ network, nodes }: DemoFacts): DrillNetwork {
  if (network === null) {
    throw new Problem(
      'usage',
      'The nodes of this demo share one network, in which none can be cut off. Start one with: npm run demo -- --namespaces',
    );
  }
  return {
    hub: network.hub,
    bridge: network.bridge,
    uplink: network.uplink,
    nodes: nodes.map(({ name, postgres: { data, audit }, etcd }) => ({
      name,
      postgresPorts: [data.port, audit.port],
      etcdPorts: etcd === null ? [] : [etcd.client, etcd.peer].map((url) => Number(new URL(url).port)),
    })),
  };
}

/** The ports of the bridge of all but `node`, clients and load balancer included. */
export function everybodyBut({ nodes, uplink }: DrillNetwork, node: string): readonly string[] {
  return [...nodes.map(({ name }) => name).filter((name) => name !== node), uplink];
}
