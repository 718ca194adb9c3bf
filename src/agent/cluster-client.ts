import { Problem } from '../core/problem.ts';
import type { DeclaredMember, LoadBalancerAddress, NodeKind } from '../core/failover/cluster-state.ts';
import { observeStatus, watchStatus } from './cluster-observation.ts';
import { setConfig, setLoadBalancer, type SettingChange } from './cluster-settings.ts';
import { readCluster } from './cluster-state-access.ts';
import { connectStore } from './etcd-endpoints.ts';
import { type AcceptedLoss, forceFailover } from './forced-failover.ts';
import { type HaproxyOptions, haproxyOf } from './haproxy-of.ts';
import { nodeLayout } from './layout.ts';
import { rejoinMember, removeMember } from './member-changes.ts';
import { readNodeConfig } from './node-config.ts';
import type { ClusterStatus } from './operations.ts';
import { switchover, type SwitchoverOptions, type SwitchoverResult } from './switchover.ts';
import { createToken, type CreatedToken } from './token-creation.ts';

/**
 * What an operator does to a cluster, from any of its nodes, by that node's certificate and through whichever etcd member
 * answers. Every call is bounded; each fails with a Problem `store_unavailable` while etcd has no majority.
 */
export interface ClusterClient {
  readonly status: () => Promise<ClusterStatus>;
  readonly watchStatus: (onStatus: (status: ClusterStatus) => void, signal: AbortSignal) => Promise<void>;
  readonly createToken: (wanted: {
    readonly kind: NodeKind;
    readonly ttlMs: number;
  }) => Promise<CreatedToken>;
  readonly switchover: (options: SwitchoverOptions) => Promise<SwitchoverResult>;
  readonly forceFailover: (wanted: {
    readonly candidate: string;
    readonly acceptLoss: boolean;
  }) => Promise<AcceptedLoss>;
  readonly members: () => Promise<readonly DeclaredMember[]>;
  readonly removeMember: (name: string) => Promise<void>;
  readonly rejoinMember: (name: string) => Promise<void>;
  readonly setConfig: (change: SettingChange) => Promise<void>;
  readonly setLoadBalancer: (address: LoadBalancerAddress | null) => Promise<void>;
  /** A complete haproxy.cfg for the cluster as it is declared now. */
  readonly haproxy: (options?: HaproxyOptions) => Promise<string>;
  readonly close: () => void;
}

/**
 * Opens the cluster that the node in `dir` belongs to.
 *
 * @throws Problem `directory_not_ours` where no node is, or a half-made one; `config_invalid`
 */
export async function openCluster(dir: string): Promise<ClusterClient> {
  const config = await readNodeConfig(dir);
  if (config.state !== 'ready') {
    throw new Problem(
      'directory_not_ours',
      `--dir: the node in ${dir} is half-made. Run the "holdfast init" or "holdfast join" again that made it.`,
    );
  }
  const layout = nodeLayout(dir);
  const connection = await connectStore(config, layout);
  const observer = { connection, config, layout };
  return {
    status: () => observeStatus(observer),
    watchStatus: (onStatus, signal) => watchStatus(observer, onStatus, signal),
    createToken: (wanted) => createToken(connection, { config, layout }, wanted),
    switchover: (options) => switchover(connection, options),
    forceFailover: (wanted) => forceFailover(connection, wanted),
    members: async () => (await readCluster(connection)).config.value.members,
    removeMember: (name) => removeMember(connection, name, config.etcd.mode === 'own'),
    rejoinMember: (name) => rejoinMember(connection, name),
    setConfig: (change) => setConfig(connection, change),
    setLoadBalancer: (address) => setLoadBalancer(connection, address),
    haproxy: async (options = {}) => haproxyOf((await readCluster(connection)).config.value, layout, options),
    close: () => connection.close(),
  };
}
