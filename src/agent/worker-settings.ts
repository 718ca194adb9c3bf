import type { KeeperSettings } from '../core/audit-keeper.ts';
import type { WorkerSettings } from '../core/serving.ts';
import type { NodeContext } from './node-context.ts';

/** What an API worker of this node is started with, apart from its number. */
export function workerSettings(node: NodeContext): Omit<WorkerSettings, 'worker'> {
  const { config, layout } = node;
  return {
    account: config.account,
    nodeName: config.name,
    api: { host: config.listen, port: config.addresses.api },
    peer: { host: config.listen, port: config.addresses.peer },
    tls: { caFile: layout.tls.ca, certFile: layout.tls.cert, keyFile: layout.tls.key },
    dataKeyFile: layout.dataKey,
    apiSettings: node.apiSettings,
    postgres: {
      socketDir: layout.sockets,
      dataPort: config.addresses.data,
      auditPort: config.addresses.audit,
    },
    logLevel: config.logLevel,
  };
}

const mebibyte = 1024 * 1024;
const dayMs = 24 * 3600_000;

/** What the keeper of this node's audit trail is started with. */
export function keeperSettings(node: NodeContext): KeeperSettings {
  const { nodeName, tls, logLevel, postgres } = workerSettings(node);
  const { apiSettings, layout } = node;
  const { auditRetentionDays, auditRetentionMebibytes, auditSpaceMebibytes, auditMinFreeMebibytes } =
    apiSettings;
  return {
    nodeName,
    tls,
    logLevel,
    postgres: { socketDir: postgres.socketDir, auditPort: postgres.auditPort },
    directory: layout.instances.audit,
    retention: {
      maxAgeMs: auditRetentionDays === null ? null : auditRetentionDays * dayMs,
      maxBytes: auditRetentionMebibytes === null ? null : auditRetentionMebibytes * mebibyte,
    },
    forward: {
      targets: apiSettings.auditForward,
      tls: {
        ca: apiSettings.auditForwardCa,
        cert: apiSettings.auditForwardCert,
        key: apiSettings.auditForwardKey,
      },
    },
    space: {
      maxBytes: auditSpaceMebibytes === null ? null : auditSpaceMebibytes * mebibyte,
      minFreeBytes: auditMinFreeMebibytes * mebibyte,
    },
  };
}
