import { randomBytes } from 'node:crypto';
import { type EtcdProcess, startEtcd, waitHealthy } from '../coordination/etcd-server.ts';
import type { Secret } from '../core/secret.ts';
import { createAuthority, issueCertificate } from '../identity/authority.ts';
import { createKeyAndRequest } from '../identity/node-key.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { assertClusterOptions } from './cluster-options.ts';
import { type EtcdCredentials, readEtcdCredentials, writeEtcdCredentials } from './etcd-credentials.ts';
import { connectStore, type StoreConnection } from './etcd-endpoints.ts';
import { proveExternalEtcd } from './external-etcd.ts';
import { startFirstInstances, stopInOrder } from './first-instances.ts';
import { firstConfig, requireNoCluster, writeFirstRecords } from './first-records.ts';
import { type NodeLayout, nodeLayout } from './layout.ts';
import { etcdClientUrl, etcdPeerUrl, memberEtcdSettings } from './member-etcd.ts';
import { type NodeConfig, writeNodeConfig } from './node-config.ts';
import {
  assertClaimable,
  claimDirectory,
  clearHalfMade,
  makeNodeDirectories,
  releaseClaim,
  settleClaim,
} from './node-directory.ts';
import {
  authorityDays,
  certificateNames,
  nodeDays,
  writeCertificates,
  writeDataKey,
} from './node-identity.ts';
import type { InitOptions, InitResult } from './operations.ts';
import { goOn, type Ground, surveyGround } from './preflight.ts';

const etcdStartMs = 20_000;
const etcdStopMs = 5000;

/** One attempt: what it works with, and how to end what it started, the last first. */
interface Attempt {
  readonly options: InitOptions;
  readonly ground: Ground;
  readonly layout: NodeLayout;
  readonly node: NodeConfig;
  /** For an external etcd. */
  readonly etcdCredentials: EtcdCredentials | null;
  readonly initId: string;
  readonly log: Logger;
  readonly ends: (() => Promise<unknown>)[];
}

/**
 * Makes the first node of a new cluster: authority, certificate, data key, etcd, both instances, and the records that
 * the cluster begins with. Nothing runs afterwards; `holdfast node` starts it. Whatever happens on the way, everything
 * started is stopped, and the same call can be made again: it starts over.
 *
 * @throws Problem `config_invalid`, `missing_binary`, `port_taken`, `directory_not_ours`, `cluster_exists`, `interrupted`,
 * or as the rooms below do
 */
export async function initialiseNode(options: InitOptions): Promise<InitResult> {
  assertClusterOptions(options);
  const external = options.externalEtcd.length > 0;
  const ports = external ? { ...options.ports, etcdClient: null, etcdPeer: null } : options.ports;
  options.onStep('Checking programs, ports and the directory');
  const layout = nodeLayout(options.dir);
  await assertClaimable(layout, 'init');
  const etcdCredentials = external ? await readEtcdCredentials(options.etcdFiles, Date.now()) : null;
  const ground = await surveyGround({ ...options, ports });
  if (external) {
    options.onStep('Looking at the external etcd');
    await proveExternalEtcd(options.externalEtcd, options.etcdFiles, options.cluster);
  }
  const { id, resumed } = await claimDirectory(layout, 'init', ground.runAs);
  try {
    if (resumed) {
      options.onStep('Clearing away an earlier attempt that stopped half-way');
      await clearHalfMade(layout, { keepKey: false });
    }
    const node = nodeConfig(options, ports);
    const log = createLogger({
      name: 'init',
      level: options.logLevel === 'info' ? 'error' : options.logLevel,
    });
    await writeNodeConfig(layout.dir, node);
    const attempt = { options, ground, layout, node, etcdCredentials, initId: id, log, ends: [] };
    const adminApiKey = await make(attempt);
    await writeNodeConfig(layout.dir, { ...node, state: 'ready' });
    await settleClaim(layout);
    return { adminApiKey };
  } catch (error) {
    await releaseClaim(layout);
    throw error;
  }
}

async function make(attempt: Attempt): Promise<Secret<string>> {
  const { options, layout, node, ground, log, ends } = attempt;
  const { signal } = options;
  const step = (sentence: string): void => {
    goOn(options.signal, 'init');
    options.onStep(sentence);
  };
  try {
    step('Making the certificate authority, the certificate and the data key');
    await makeNodeDirectories(layout, ground.runAs);
    await makeIdentity(attempt);
    if (node.etcd.mode === 'own') step('Starting etcd');
    const connection = await openStore(attempt);
    await requireNoCluster(connection, options.cluster, attempt.initId);
    step('Making the two PostgreSQL instances');
    const running = await startFirstInstances({ ...ground, config: node, layout, log, signal, ends });
    step(`Making the account ${options.account}`);
    const adminApiKey = await options.provision({
      socketDir: layout.sockets,
      dataPort: options.ports.data,
      auditPort: options.ports.audit,
      account: options.account,
      dataKeyFile: layout.dataKey,
    });
    step('Writing the first records of the cluster');
    const { cluster, name } = options;
    const config = firstConfig(options, node);
    await stopInOrder(running);
    await writeFirstRecords(connection, { cluster, name, config, initId: attempt.initId });
    return adminApiKey;
  } catch (error) {
    goOn(options.signal, 'init'); // what fails after an interruption failed because of it
    throw error;
  } finally {
    for (const end of ends.toReversed())
      await end().catch((err: unknown) => log.error({ err }, 'not stopped'));
  }
}

async function makeIdentity({ options, layout, ground, etcdCredentials }: Attempt): Promise<void> {
  const { signal, name } = options;
  const ca = await createAuthority({
    dir: layout.authority,
    clusterName: options.cluster,
    days: authorityDays,
    signal,
  });
  const requestPem = await createKeyAndRequest({
    keyFile: layout.tls.key,
    commonName: name,
    owner: ground.runAs,
    signal,
  });
  const names = certificateNames(options);
  const authorityDir = layout.authority;
  const cert = await issueCertificate({
    authorityDir,
    requestPem,
    commonName: name,
    ...names,
    days: nodeDays,
    signal,
  });
  await writeCertificates(layout, { ca, cert }, ground.runAs);
  if (etcdCredentials !== null) await writeEtcdCredentials(layout, etcdCredentials, ground.runAs);
  const key = randomBytes(32);
  try {
    await writeDataKey(layout, key);
  } finally {
    key.fill(0);
  }
}

async function openStore(attempt: Attempt): Promise<StoreConnection> {
  const { node, layout, ground, log, ends } = attempt;
  let etcd: EtcdProcess | null = null;
  if (node.etcd.mode === 'own') {
    const peerUrl = etcdPeerUrl(node.addresses) ?? '';
    const settings = memberEtcdSettings(node, layout, { [node.name]: peerUrl }, { kind: 'new' });
    const started = await startEtcd(settings, { runAs: ground.runAs, log });
    ends.push(() => started.stop(etcdStopMs));
    etcd = started;
  }
  const connection = await connectStore(node, layout);
  ends.push(async () => connection.close());
  const clientUrl = etcdClientUrl(node.addresses);
  if (etcd !== null && clientUrl !== null) {
    await waitHealthy(etcd, connection.gateway, new URL(clientUrl).host, etcdStartMs);
  }
  return connection;
}

function nodeConfig(options: InitOptions, ports: InitOptions['ports']): NodeConfig {
  const addresses = { host: options.host, ...ports };
  const ownUrl = etcdClientUrl(addresses);
  const external = options.externalEtcd.length > 0;
  return {
    version: 1,
    state: 'preparing',
    cluster: options.cluster,
    account: options.account,
    name: options.name,
    kind: 'standby',
    publicName: options.publicName,
    addresses,
    listen: options.listen,
    runAs: options.runAs,
    postgresBin: options.postgresBin,
    etcd: external
      ? { mode: 'external', endpoints: options.externalEtcd }
      : { mode: 'own', endpoints: ownUrl === null ? [] : [ownUrl] },
    loadBalancer: options.loadBalancer,
    logLevel: options.logLevel,
  };
}
