import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EtcdProcess, startEtcd, waitHealthy } from '../../coordination/etcd-server.ts';
import { freePorts } from '../../coordination/testing/etcd-members.ts';
import { Secret } from '../../core/secret.ts';
import { createLogger } from '../../runtime/log.ts';
import { resolveRunAs } from '../../runtime/run-as.ts';
import { type ControlServer, startControlServer } from '../control-server.ts';
import { connectStore, type StoreConnection } from '../etcd-endpoints.ts';
import { initialiseNode } from '../initialise-node.ts';
import { type NodeLayout, nodeLayout } from '../layout.ts';
import { etcdClientUrl, etcdPeerUrl, httpsUrl, memberEtcdSettings } from '../member-etcd.ts';
import { type NodeConfig, readNodeConfig } from '../node-config.ts';
import type { InitOptions, JoinOptions, NodeOptions } from '../operations.ts';

const log = createLogger({ name: 'test', level: process.env['TEST_LOG'] ?? 'fatal' });

/** A directory that the unprivileged user can reach, gone afterwards. */
export async function makeRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'hf-enrol-'));
  await chmod(root, 0o755);
  return root;
}

export async function nodeOptions(dir: string, name: string): Promise<NodeOptions> {
  const [api = 0, peer = 0, data = 0, audit = 0, agent = 0, etcdClient = 0, etcdPeer = 0] =
    await freePorts(7);
  return {
    dir,
    name,
    host: '127.0.0.1',
    listen: '127.0.0.1',
    ports: { api, peer, data, audit, agent, etcdClient, etcdPeer },
    runAs: 'postgres',
    postgresBin: null,
    logLevel: 'fatal',
    etcdFiles: { ca: null, cert: null, key: null },
    onStep: () => undefined,
    signal: new AbortController().signal,
  };
}

export async function initOptions(dir: string, change: Partial<InitOptions> = {}): Promise<InitOptions> {
  return {
    ...(await nodeOptions(dir, 'n1')),
    cluster: 'lab',
    account: 'demo',
    publicName: 'vault.example.com',
    ttlMs: 2000,
    syncCount: 1,
    loadBalancer: null,
    externalEtcd: [],
    provision: () => Promise.resolve(new Secret('the admin key')),
    ...change,
  };
}

export async function joinOptions(
  dir: string,
  name: string,
  to: { readonly url: string; readonly token: Secret<string> },
  change: Partial<JoinOptions> = {},
): Promise<JoinOptions> {
  return { ...(await nodeOptions(dir, name)), ...to, provisionAudit: () => Promise.resolve(), ...change };
}

/** The first node of a cluster with its etcd and its control port, and no PostgreSQL: what a newcomer meets. */
export interface RunningFounder extends AsyncDisposable {
  readonly dir: string;
  readonly config: NodeConfig;
  readonly layout: NodeLayout;
  readonly connection: StoreConnection;
  readonly url: string;
}

export async function startFounder(dir: string, change: Partial<InitOptions> = {}): Promise<RunningFounder> {
  await initialiseNode(await initOptions(dir, change));
  return startFounderAgain(dir);
}

/** The same for a first node that was made before. */
export async function startFounderAgain(dir: string): Promise<RunningFounder> {
  const config = await readNodeConfig(dir);
  const layout = nodeLayout(dir);
  const etcd = await startOwnEtcd(config, layout);
  const connection = await connectStore(config, layout);
  await waitHealthy(etcd, connection.gateway, new URL(etcdClientUrl(config.addresses) ?? '').host, 20_000);
  const control = await openControl(config, layout, connection);
  return {
    dir,
    config,
    layout,
    connection,
    url: httpsUrl(config.addresses.host, config.addresses.agent),
    [Symbol.asyncDispose]: async () => {
      await control.close();
      connection.close();
      await etcd.stop(3000);
    },
  };
}

export function openControl(
  config: NodeConfig,
  layout: NodeLayout,
  connection: StoreConnection,
): Promise<ControlServer> {
  const { store, gateway } = connection;
  return startControlServer({ node: { config, layout, log }, store, gateway });
}

function startOwnEtcd(config: NodeConfig, layout: NodeLayout): Promise<EtcdProcess> {
  const peers = { [config.name]: etcdPeerUrl(config.addresses) ?? '' };
  const settings = memberEtcdSettings(config, layout, peers, { kind: 'resume' });
  return startEtcd(settings, { runAs: resolveRunAs('postgres'), log });
}

export async function removeRoot(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true });
}
