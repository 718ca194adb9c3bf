import { readFile } from 'node:fs/promises';
import { Problem } from '../core/problem.ts';
import { readCluster } from './cluster-state-access.ts';
import { connectStore } from './etcd-endpoints.ts';
import { nodeLayout } from './layout.ts';
import { readNodeConfig } from './node-config.ts';

/** The peer API of the current master, and the certificate with which this node may ask it for what clients may not. */
export interface MasterPeer {
  readonly url: string;
  readonly ca: string;
  readonly certificateName: string;
  readonly client: { readonly cert: string; readonly key: string };
  /** The account that the cluster was made with. */
  readonly firstAccount: string;
}

/**
 * Finds the master of the cluster of the node in `dir`.
 *
 * @throws Problem `no_authority` while there is none; `store_unavailable`, `directory_not_ours`, `config_invalid`
 */
export async function findMasterPeer(dir: string): Promise<MasterPeer> {
  const layout = nodeLayout(dir);
  const config = await readNodeConfig(dir);
  const connection = await connectStore(config, layout);
  try {
    const cluster = await readCluster(connection);
    const name = cluster.leader?.value.name;
    const master = cluster.config.value.members.find((member) => member.name === name);
    if (master === undefined) {
      throw new Problem(
        'no_authority',
        'There is no master now; "holdfast status" says why. Try again in a moment.',
      );
    }
    const { host, peer } = master.addresses;
    const [ca, cert, key] = await Promise.all(
      [layout.tls.ca, layout.tls.cert, layout.tls.key].map((file) => readFile(file, 'utf8')),
    );
    return {
      url: `https://${host.includes(':') ? `[${host}]` : host}:${peer}`,
      ca: ca ?? '',
      certificateName: master.name,
      client: { cert: cert ?? '', key: key ?? '' },
      firstAccount: cluster.config.value.account,
    };
  } finally {
    connection.close();
  }
}
