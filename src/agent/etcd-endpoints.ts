import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createEtcdStore } from '../coordination/etcd-store.ts';
import { openEtcdGateway, type EtcdGateway } from '../coordination/etcd-gateway.ts';
import { createEtcdMembership, type EtcdMembership } from '../coordination/membership.ts';
import type { DeclaredMember } from '../core/failover/cluster-state.ts';
import { type ClusterKeys, clusterKeys } from '../core/failover/keys.ts';
import { decodeRecord } from '../core/failover/codec.ts';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import { readFileIfThere, writeFileAtomically } from '../runtime/files.ts';
import type { NodeLayout } from './layout.ts';
import { etcdClientUrl } from './member-etcd.ts';
import type { NodeConfig } from './node-config.ts';

/** A node's connection to the coordination store of its cluster. */
export interface StoreConnection {
  readonly store: ClusterStore;
  readonly keys: ClusterKeys;
  readonly gateway: EtcdGateway;
  readonly membership: EtcdMembership;
  /**
   * Goes by the members that the cluster declares now, and remembers them for the next start: a node whose `node.json`
   * knows only machines that are gone still finds the cluster. Cheap when nothing changed; never throws.
   */
  readonly know: (members: readonly DeclaredMember[]) => Promise<void>;
  readonly close: () => void;
}

interface Remembered {
  readonly endpoints: readonly string[];
}

/**
 * Connects to the cluster's etcd: through this node's own member first, then those that `node.json` and the last
 * connection know. An external etcd is reached at what `node.json` names, with the certificate that it was given for. Nothing
 * is sent yet.
 *
 * @throws Problem `config_invalid` when the certificate files cannot be read, or no endpoint is known
 */
export async function connectStore(config: NodeConfig, layout: NodeLayout): Promise<StoreConnection> {
  const file = rememberedFile(layout);
  const external = config.etcd.mode === 'external';
  let remembered = external ? [] : await readRemembered(file);
  const own = external ? null : etcdClientUrl(config.addresses);
  const all = (): readonly string[] =>
    unique([...(own === null ? [] : [own]), ...config.etcd.endpoints, ...remembered]);
  const { ca: caFile, cert: certFile, key: keyFile } = external ? layout.etcdTls : layout.tls;
  const gateway = await openEtcdGateway({ endpoints: all(), tls: { caFile, certFile, keyFile } });
  const store = createEtcdStore(gateway);
  return {
    store,
    keys: clusterKeys(config.cluster),
    gateway,
    membership: createEtcdMembership(gateway),
    know: async (members) => {
      const urls = members.map(({ addresses }) => etcdClientUrl(addresses)).filter((url) => url !== null);
      if (external || urls.length === 0 || sameTexts(urls, remembered)) return;
      remembered = urls;
      gateway.endpoints.replace(all());
      // A convenience for the next start: a full disk must not stop this one.
      await writeFileAtomically(file, `${JSON.stringify({ endpoints: urls })}\n`).catch(() => undefined);
    },
    close: () => store.close(),
  };
}

/** Forgets where etcd was seen last: those machines are lost. */
export async function forgetEndpoints(layout: NodeLayout): Promise<void> {
  await rm(rememberedFile(layout), { force: true });
}

function rememberedFile(layout: NodeLayout): string {
  return join(layout.state, 'etcd-endpoints.json');
}

async function readRemembered(file: string): Promise<readonly string[]> {
  const text = await readFileIfThere(file).catch(() => null);
  const kept = text === null ? null : decodeRecord<Remembered>(text);
  if (!Array.isArray(kept?.endpoints)) return [];
  return kept.endpoints.filter((url) => typeof url === 'string' && URL.canParse(url));
}

function unique(urls: readonly string[]): readonly string[] {
  const byHost = new Map(urls.map((url) => [URL.canParse(url) ? new URL(url).host : url, url]));
  return [...byHost.values()];
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
