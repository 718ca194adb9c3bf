import { readFile } from 'node:fs/promises';
import type { ClusterState, NodeKind } from '../core/failover/cluster-state.ts';
import { Problem } from '../core/problem.ts';
import type { Secret } from '../core/secret.ts';
import { authorityFiles } from '../identity/authority.ts';
import { describeCertificate } from '../identity/certificate.ts';
import { mintToken } from '../identity/join-token.ts';
import { exists } from '../instance/exists.ts';
import { readCluster } from './cluster-state-access.ts';
import { liveMaster } from './cluster-roles.ts';
import type { StoreConnection } from './etcd-endpoints.ts';
import { storeToken } from './join-tokens.ts';
import type { NodeLayout } from './layout.ts';
import { httpsUrl } from './member-etcd.ts';
import { failOn } from './node-options.ts';
import type { NodeConfig } from './node-config.ts';

const leastMs = 1000;
const mostMs = 30 * 86_400_000;

export interface CreatedToken {
  /** Shown once: the cluster keeps only a hash. */
  readonly text: Secret<string>;
  /** The agent to join through: a node that can issue certificates, and is up. */
  readonly url: string;
  readonly expiresAt: Date;
}

/** @throws Problem `config_invalid`, or as the store's calls do */
export async function createToken(
  connection: StoreConnection,
  node: { readonly config: NodeConfig; readonly layout: NodeLayout },
  wanted: { readonly kind: NodeKind; readonly ttlMs: number },
): Promise<CreatedToken> {
  const { kind, ttlMs } = wanted;
  const inRange = Number.isFinite(ttlMs) && ttlMs >= leastMs && ttlMs <= mostMs;
  failOn(inRange ? [] : ['--ttl: a join token is good for 1 second to 30 days']);
  const state = await readCluster(connection);
  const caFingerprint = describeCertificate(await readFile(node.layout.tls.ca, 'utf8')).fingerprint;
  const expiresAtMs = Date.now() + ttlMs;
  const { text, record } = mintToken({ cluster: node.config.cluster, kind, caFingerprint, expiresAtMs });
  const url = await issuerUrl(node, state);
  await storeToken(connection.store, connection.keys, record, ttlMs);
  return { text, url, expiresAt: new Date(expiresAtMs) };
}

/** This node where it can issue; else the master, or any standby that is up. */
async function issuerUrl(
  { config, layout }: { readonly config: NodeConfig; readonly layout: NodeLayout },
  state: ClusterState,
): Promise<string> {
  const able = state.config.value.members.filter(({ kind }) => kind === 'standby');
  const own = (await exists(authorityFiles(layout.authority).keyFile)) ? config.name : null;
  const up = able.filter(({ name }) => state.members.has(name)).map(({ name }) => name);
  const order = [own, liveMaster(state), ...up, able[0]?.name];
  const chosen = order
    .map((name) => able.find((member) => member.name === name))
    .find((found) => found !== undefined);
  if (chosen === undefined) {
    throw new Problem('no_authority', 'No standby is declared, so nobody could issue a certificate.');
  }
  return httpsUrl(chosen.addresses.host, chosen.addresses.agent);
}
