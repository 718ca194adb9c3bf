import { bridge, type NetworkPlan, uplink } from './network-plan.ts';
import { account, type DemoPlan, type PlannedNode } from './plan.ts';
import type { DemoRole } from './roles.ts';

/** What changes while a demo runs. */
export interface LiveNode {
  readonly role: DemoRole;
  /** The process group of the node's last life. */
  readonly processGroup: number;
}

/** `demo.json`: how to reach the cluster, and what its nodes are at the moment. */
export interface DemoFile {
  readonly account: string;
  readonly api: { readonly url: string; readonly caFile: string };
  readonly followers: { readonly url: string; readonly caFile: string } | null;
  readonly admin: { readonly login: string; readonly apiKey: string };
  /** Of a demo whose nodes have namespaces. */
  readonly network: {
    /** The namespace of the bridge between them. */
    readonly hub: string;
    /** Each node's port on it has the node's name. */
    readonly bridge: string;
    /** The port to the namespace of clients and HAProxy, and their address. */
    readonly uplink: string;
    readonly gateway: string;
    readonly subnet: string;
  } | null;
  readonly nodes: readonly {
    readonly name: string;
    readonly role: DemoRole;
    readonly processGroup: number;
    /** The network namespace that it lives in; null: that of the demo. */
    readonly namespace: string | null;
    readonly address: string;
    readonly api: string;
    readonly health: string;
    readonly dataDir: string;
    /** Where a disk of its own is mounted; null: it has none. */
    readonly disk: string | null;
    /** The file that says what its wall clock is ahead of the machine's, as "+3600s"; null: it has that. */
    readonly clock: string | null;
    readonly postgres: {
      readonly data: { readonly port: number };
      readonly audit: { readonly port: number };
    };
    readonly etcd: { readonly client: string; readonly peer: string } | null;
  }[];
  readonly haproxy: { readonly pid: number };
}

/** The file's content for this moment. */
export function describeDemo(
  plan: DemoPlan,
  live: {
    readonly nodes: ReadonlyMap<string, LiveNode>;
    readonly haproxyPid: number;
    readonly apiKey: string;
  },
): DemoFile {
  const { caFile } = plan;
  return {
    account,
    api: { url: plan.api, caFile },
    followers: plan.followersApi === null ? null : { url: plan.followersApi, caFile },
    admin: { login: 'admin', apiKey: live.apiKey },
    network: plan.network === null ? null : networkOf(plan.network),
    nodes: plan.nodes.map((node) => {
      const { role, processGroup } = live.nodes.get(node.name) ?? { role: 'down', processGroup: 0 };
      const { data, audit } = node.ports;
      return {
        name: node.name,
        role,
        processGroup,
        namespace: node.namespace,
        address: node.address,
        api: node.api,
        health: `${node.api}/health`,
        dataDir: node.dataDir,
        disk: node.disk,
        clock: node.clock,
        postgres: { data: { port: data }, audit: { port: audit } },
        etcd: etcdOf(node),
      };
    }),
    haproxy: { pid: live.haproxyPid },
  };
}

function networkOf({ hub, gateway, subnet }: NetworkPlan): DemoFile['network'] {
  return { hub, bridge, uplink, gateway, subnet };
}

function etcdOf({
  address,
  ports: { etcdClient, etcdPeer },
}: PlannedNode): DemoFile['nodes'][number]['etcd'] {
  if (etcdClient === null || etcdPeer === null) return null;
  return { client: `https://${address}:${etcdClient}`, peer: `https://${address}:${etcdPeer}` };
}
