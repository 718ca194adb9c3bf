import { readFile } from 'node:fs/promises';
import { nodeLayout } from './layout.ts';
import { readKnownCluster } from './known-cluster.ts';
import { readNodeConfig } from './node-config.ts';

/** Where clients on this machine reach the API of a node's cluster. */
export interface ApiAddress {
  readonly url: string;
  readonly account: string;
  /** The cluster's authority, PEM. */
  readonly ca: string;
  /** What the server's certificate carries, whatever the host of the URL is. */
  readonly certificateName: string;
}

/**
 * Where the API of the cluster of the node in `dir` is: at its load balancer; where it has none at the master that this
 * node knew last, or at the node itself. Nobody is asked, so it works while etcd does not.
 *
 * @throws Problem `directory_not_ours`, `config_invalid`
 */
export async function readApiAddress(dir: string): Promise<ApiAddress> {
  const layout = nodeLayout(dir);
  const config = await readNodeConfig(dir);
  const known = await readKnownCluster(layout);
  const balancer = known?.config.loadBalancer ?? config.loadBalancer;
  const { account, publicName } = config;
  const ca = await readFile(layout.tls.ca, 'utf8');
  if (balancer !== null) {
    return { url: urlOf(balancer.host, balancer.api), account, ca, certificateName: publicName };
  }
  const master = known?.config.members.find(({ name }) => name === known.leader?.name);
  const { host, api } = master?.addresses ?? config.addresses;
  return { url: urlOf(host, api), account, ca, certificateName: master?.name ?? config.name };
}

function urlOf(host: string, port: number): string {
  return `https://${host.includes(':') ? `[${host}]` : host}${port === 443 ? '' : `:${port}`}`;
}
