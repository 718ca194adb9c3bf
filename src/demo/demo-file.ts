import { account, type DemoPlan } from './plan.ts';
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
  readonly nodes: readonly {
    readonly name: string;
    readonly role: DemoRole;
    readonly processGroup: number;
    readonly api: string;
    readonly health: string;
    readonly dataDir: string;
    readonly postgres: {
      readonly data: { readonly port: number };
      readonly audit: { readonly port: number };
    };
    readonly etcd: { readonly client: string } | null;
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
    nodes: plan.nodes.map((node) => {
      const { role, processGroup } = live.nodes.get(node.name) ?? { role: 'down', processGroup: 0 };
      const { data, audit, etcdClient } = node.ports;
      return {
        name: node.name,
        role,
        processGroup,
        api: node.api,
        health: `${node.api}/health`,
        dataDir: node.dataDir,
        postgres: { data: { port: data }, audit: { port: audit } },
        etcd: etcdClient === null ? null : { client: `https://127.0.0.1:${etcdClient}` },
      };
    }),
    haproxy: { pid: live.haproxyPid },
  };
}
