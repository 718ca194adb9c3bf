import { join } from 'node:path';
import { decodeRecord } from '../core/failover/codec.ts';
import type { LoadBalancerAddress, NodeAddresses, NodeKind } from '../core/failover/cluster-state.ts';
import { Problem } from '../core/problem.ts';
import { readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import { nodeLayout } from './layout.ts';

/** One node's own configuration: `node.json` in its directory, written by `init` and `join`. It holds no secret. */
export interface NodeConfig {
  readonly version: 1;
  /** `preparing` until init or join has finished: such a directory is not started. */
  readonly state: 'preparing' | 'ready';
  readonly cluster: string;
  readonly account: string;
  readonly name: string;
  readonly kind: NodeKind;
  readonly publicName: string;
  /** What others connect to; listeners bind `listen`. */
  readonly addresses: NodeAddresses;
  readonly listen: string;
  /** The unprivileged user for PostgreSQL and etcd where the node is started by root. */
  readonly runAs: string;
  /** Directory of PostgreSQL's binaries; null: the newest supported one that is installed. */
  readonly postgresBin: string | null;
  /** `own`: this node runs an etcd member (or talks to its peers' members). A list: an external etcd. */
  readonly etcd: { readonly mode: 'own' | 'external'; readonly endpoints: readonly string[] };
  /** Names the etcd cluster of this node's member, where "holdfast recover" began another; absent: the cluster's name. */
  readonly etcdToken?: string;
  readonly loadBalancer: LoadBalancerAddress | null;
  readonly logLevel: string;
}

/**
 * The configuration of the node in `dir`.
 *
 * @throws Problem `directory_not_ours` where there is none, `config_invalid` where it cannot be read.
 */
export async function readNodeConfig(dir: string): Promise<NodeConfig> {
  const path = nodeLayout(dir).config;
  const text = await readFileIfThere(path);
  if (text === null) {
    throw new Problem(
      'directory_not_ours',
      `--dir: there is no Holdfast node in ${dir} (no node.json). Make one with "holdfast init" or "holdfast join".`,
    );
  }
  const config = decodeRecord<NodeConfig>(text);
  if (config === null || config.version !== 1 || typeof config.name !== 'string') {
    throw new Problem('config_invalid', `${path} is not a node configuration of this version of Holdfast.`);
  }
  return config;
}

/** Writes `node.json` (0600, by rename). */
export async function writeNodeConfig(dir: string, config: NodeConfig): Promise<void> {
  await writeFileAtomically(join(nodeLayout(dir).config), `${JSON.stringify(config, null, 2)}\n`);
}
