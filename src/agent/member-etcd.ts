import type { EtcdSettings, EtcdStart } from '../coordination/etcd-settings.ts';
import { isIP } from 'node:net';
import { Problem } from '../core/problem.ts';
import type { NodeAddresses } from '../core/failover/cluster-state.ts';
import type { NodeLayout } from './layout.ts';
import type { NodeConfig } from './node-config.ts';

/** `https://host:port`, as etcd and its clients write addresses; null when the node runs no member. */
export function etcdClientUrl(addresses: NodeAddresses): string | null {
  return addresses.etcdClient === null ? null : httpsUrl(addresses.host, addresses.etcdClient);
}

export function etcdPeerUrl(addresses: NodeAddresses): string | null {
  return addresses.etcdPeer === null ? null : httpsUrl(addresses.host, addresses.etcdPeer);
}

export function httpsUrl(host: string, port: number): string {
  return `https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/**
 * The settings of this node's own etcd member. Init and every later start must agree on them: the member's directory is
 * marked with the cluster and the name.
 *
 * @param initialCluster name → peer URL of all members at that moment, this one included
 * @throws Problem `config_invalid` when the node has no etcd ports
 */
export function memberEtcdSettings(
  config: NodeConfig,
  layout: NodeLayout,
  initialCluster: Readonly<Record<string, string>>,
  start: EtcdStart,
): EtcdSettings {
  const { addresses, listen, name } = config;
  const [clientUrl, peerUrl] = [etcdClientUrl(addresses), etcdPeerUrl(addresses)];
  if (clientUrl === null || peerUrl === null) {
    throw new Problem(
      'config_invalid',
      `${layout.config}: addresses.etcdClient and addresses.etcdPeer are missing.`,
    );
  }
  const tls = { caFile: layout.tls.ca, certFile: layout.tls.cert, keyFile: layout.tls.key };
  return {
    name,
    dataDir: layout.etcd,
    clientUrl,
    peerUrl,
    // etcd binds addresses only, never names.
    listenClientUrls: [httpsUrl(listen, addresses.etcdClient ?? 0)],
    listenPeerUrls: [httpsUrl(listen, addresses.etcdPeer ?? 0)],
    clientTls: tls,
    peerTls: tls,
    initialCluster,
    clusterToken: config.etcdToken ?? config.cluster,
    start,
  };
}
