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
