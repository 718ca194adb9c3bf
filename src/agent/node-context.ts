import { type ApiSettings, defaultApiSettings } from '../core/api-settings.ts';
import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { findPostgres } from '../instance/binaries.ts';
import type { InstanceSettings } from '../instance/settings.ts';
import { createLogger, type Logger } from '../runtime/log.ts';
import { resolveRunAs, type SystemUser } from '../runtime/run-as.ts';
import { type NodeLayout, nodeLayout } from './layout.ts';
import { type NodeConfig, readNodeConfig } from './node-config.ts';

/** What stays the same for one life of an agent. */
export interface NodeContext {
  readonly config: NodeConfig;
  readonly layout: NodeLayout;
  readonly runAs: SystemUser | null;
  readonly log: Logger;
  /** Random for each life: a leader key or lock with it is this agent's own. */
  readonly bootId: string;
  /** Names this running kernel and process space: what `/proc` shows here is all there is of an earlier life. */
  readonly hostId: string;
  readonly apiSettings: ApiSettings;
  readonly instances: { readonly data: InstanceSettings; readonly audit: InstanceSettings };
}

/** @throws Problem as `readNodeConfig`, `resolveRunAs` and `findPostgres` do */
export async function createNodeContext(
  dir: string,
  name: string,
  logLevel?: string,
  apiSettings: ApiSettings = defaultApiSettings,
): Promise<NodeContext> {
  const config = await readNodeConfig(dir);
  const log = createLogger({ name, level: logLevel ?? config.logLevel }).child({ node: config.name });
  const layout = nodeLayout(dir);
  const runAs = resolveRunAs(config.runAs);
  const { binDir } = await findPostgres(config.postgresBin);
  return {
    config,
    layout,
    runAs,
    log,
    bootId: randomUUID(),
    hostId: thisHost(),
    apiSettings,
    instances: {
      data: instanceSettings('data', { config, layout, runAs, log, binDir }),
      audit: instanceSettings('audit', { config, layout, runAs, log, binDir }),
    },
  };
}

/** A follower serves reads: a long one may hold the replay up for a while. A candidate never waits. */
const followerParameters: Readonly<Record<string, string>> = { max_standby_streaming_delay: '10s' };

interface Parts {
  readonly config: NodeConfig;
  readonly layout: NodeLayout;
  readonly runAs: SystemUser | null;
  readonly log: Logger;
  readonly binDir: string;
}

/** The settings of one of the node's two instances. */
export function instanceSettings(name: 'data' | 'audit', parts: Parts): InstanceSettings {
  const { config, layout, runAs, log, binDir } = parts;
  return {
    name,
    clusterName: config.cluster,
    nodeName: config.name,
    dir: layout.instances[name],
    port: config.addresses[name],
    listenHost: config.listen,
    socketDir: layout.sockets,
    binDir,
    runAs,
    tls: { caFile: layout.tls.ca, certFile: layout.tls.cert, keyFile: layout.tls.key },
    log,
    parameters: config.kind === 'follower' ? followerParameters : {},
  };
}

/** The kernel's boot id and the process namespace: a rebooted machine, or another container, is another host. */
function thisHost(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
}
