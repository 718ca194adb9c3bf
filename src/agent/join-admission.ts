import { readFile } from 'node:fs/promises';
import type { EtcdGateway } from '../coordination/etcd-gateway.ts';
import type { ClusterStore } from '../core/coordination/cluster-store.ts';
import type { ClusterConfig, DeclaredMember, NodeAddresses } from '../core/failover/cluster-state.ts';
import { type ClusterKeys, clusterKeys } from '../core/failover/keys.ts';
import { Problem } from '../core/problem.ts';
import { authorityFiles, issueCertificate } from '../identity/authority.ts';
import { type JoinToken, matchesRecord, parseToken } from '../identity/join-token.ts';
import { requestPublicKey } from '../identity/node-key.ts';
import { seal } from '../identity/sealed-box.ts';
import { exists } from '../instance/exists.ts';
import { declareNewcomer, readConfig } from './join-declare.ts';
import {
  authorityKeyContext,
  type ClusterFacts,
  dataKeyContext,
  type JoinAnswer,
  type JoinRequest,
} from './join-exchange.ts';
import { judgeToken, readToken, tokenRefused } from './join-tokens.ts';
import type { NodeLayout } from './layout.ts';
import { etcdClientUrl, httpsUrl } from './member-etcd.ts';
import type { NodeConfig } from './node-config.ts';
import { certificateNames, nodeDays } from './node-identity.ts';

export interface AdmissionDeps {
  readonly config: NodeConfig;
  readonly layout: NodeLayout;
  readonly store: ClusterStore;
  readonly gateway: EtcdGateway;
}

/**
 * Lets a newcomer in: its token is held against the cluster's record before anything is computed for it, and it is used up
 * last, with everything else at hand.
 *
 * @throws Problem `no_authority` on a node that cannot issue, `token_invalid`, `join_refused`, `member_exists`,
 * `certificate_invalid`, or as the store's calls do
 */
export async function admit(deps: AdmissionDeps, request: JoinRequest): Promise<JoinAnswer> {
  const { store, layout, config } = deps;
  const keys = clusterKeys(config.cluster);
  const cluster = (await readConfig(store, keys)).value;
  const authority = authorityFiles(layout.authority);
  if (!(await exists(authority.keyFile))) throw noAuthority(config.name, cluster.members);
  const token = parseToken(request.token.reveal());
  await assertKnown(deps, keys, token);
  const member: DeclaredMember = {
    name: request.name,
    kind: token.kind,
    addresses: placeFor(config, token, request),
  };
  const { requestPem, name } = request;
  const publicKeyPem = await requestPublicKey(requestPem);
  const names = certificateNames({ name, publicName: cluster.publicName, host: request.addresses.host });
  const authorityDir = layout.authority;
  const order = { authorityDir, requestPem, commonName: name, ...names, days: nodeDays };
  const answer: JoinAnswer = {
    certificatePem: await issueCertificate(order),
    caPem: await readFile(authority.certFile, 'utf8'),
    dataKey: await sealedDataKey(deps, publicKeyPem, name),
    authorityKey: token.kind === 'follower' ? null : await sealedAuthorityKey(deps, publicKeyPem, name),
    cluster: clusterFacts(deps, cluster),
  };
  await declareNewcomer({ store, keys }, { token, member, publicKeyPem });
  return answer;
}

/**
 * What a newcomer looks at before it asks to be let in: its token is held against the record as `admit` does, and stays good.
 *
 * @throws Problem `token_invalid`, `join_refused`, `certificate_invalid`, or as the store's calls do
 */
export async function tellCluster(deps: AdmissionDeps, request: JoinRequest): Promise<ClusterFacts> {
  const keys = clusterKeys(deps.config.cluster);
  const token = parseToken(request.token.reveal());
  await assertKnown(deps, keys, token);
  const newcomer = { name: request.name, publicKeyPem: await requestPublicKey(request.requestPem) };
  const found = await readToken(deps.store, keys, token.id);
  const verdict = judgeToken(token, found?.record ?? null, newcomer, Date.now());
  if (verdict !== 'ok' && verdict !== 'again') throw tokenRefused(verdict, found?.record ?? null);
  return clusterFacts(deps, (await readConfig(deps.store, keys)).value);
}

/** Whoever brings no good token costs the cluster one read. (A used one is looked at again with the newcomer's key.) */
async function assertKnown(deps: AdmissionDeps, keys: ClusterKeys, token: JoinToken): Promise<void> {
  const found = await readToken(deps.store, keys, token.id);
  const verdict = matchesRecord(token, found?.record ?? null, Date.now());
  if (verdict !== 'ok' && verdict !== 'used') throw tokenRefused(verdict, found?.record ?? null);
}

/** @throws Problem `config_invalid` when the newcomer would not find its place in etcd */
function placeFor({ etcd }: NodeConfig, { kind }: JoinToken, { addresses }: JoinRequest): NodeAddresses {
  if (etcd.mode === 'external' || kind !== 'standby')
    return { ...addresses, etcdClient: null, etcdPeer: null };
  if (addresses.etcdClient !== null) return addresses;
  throw new Problem(
    'config_invalid',
    '--etcd-client-port, --etcd-peer-port: a standby runs an etcd member; name its two ports.',
  );
}

async function sealedDataKey(
  { layout, config }: AdmissionDeps,
  publicKeyPem: string,
  name: string,
): Promise<string> {
  const file = await readFile(layout.dataKey);
  const key = Buffer.from(file.toString('latin1').trim(), 'base64');
  try {
    return seal(publicKeyPem, key, dataKeyContext(config.cluster, name));
  } finally {
    key.fill(0);
    file.fill(0);
  }
}

async function sealedAuthorityKey(
  { layout, config }: AdmissionDeps,
  publicKeyPem: string,
  name: string,
): Promise<string> {
  const key = await readFile(authorityFiles(layout.authority).keyFile);
  try {
    return seal(publicKeyPem, key, authorityKeyContext(config.cluster, name));
  } finally {
    key.fill(0);
  }
}

function clusterFacts({ config, gateway }: AdmissionDeps, cluster: ClusterConfig): ClusterFacts {
  const { account, publicName, loadBalancer, members } = cluster;
  const declared = config.etcd.mode === 'own' ? members.map(({ addresses }) => etcdClientUrl(addresses)) : [];
  const known = gateway.endpoints.order().map(({ url }) => url.origin);
  const endpoints = [...new Set([...declared.filter((url) => url !== null), ...known])];
  return {
    name: config.cluster,
    account,
    publicName,
    loadBalancer,
    etcd: { mode: config.etcd.mode, endpoints },
  };
}

function noAuthority(self: string, members: readonly DeclaredMember[]): Problem {
  const able = members
    .filter(({ name, kind }) => kind !== 'follower' && name !== self)
    .map(({ name, addresses }) => `${httpsUrl(addresses.host, addresses.agent)} (${name})`);
  return new Problem(
    'no_authority',
    `The node ${self} does not hold the key of the cluster's authority and can let nobody in. Join through one of: ${able.join(', ')}.`,
  );
}
