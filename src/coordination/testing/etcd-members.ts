import { createServer } from 'node:net';
import { join } from 'node:path';
import { createLogger } from '../../runtime/log.ts';
import type { SystemUser } from '../../runtime/run-as.ts';
import type { EtcdTlsFiles } from '../etcd-endpoints.ts';
import { type EtcdGateway, openEtcdGateway } from '../etcd-gateway.ts';
import { type EtcdProcess, startEtcd } from '../etcd-server.ts';
import type { EtcdSettings, EtcdStart } from '../etcd-settings.ts';

/** Where one test member lives: fixed before it starts, so that it can be stopped and started again. */
export interface TestMember {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  /** `host:port` of the client URL. */
  readonly endpoint: string;
}

const quiet = createLogger({ name: 'etcd-test', level: 'fatal' });

export async function planMembers(names: readonly string[]): Promise<readonly TestMember[]> {
  const ports = await freePorts(names.length * 2);
  return names.map((name, index) => ({
    name,
    clientUrl: `https://127.0.0.1:${ports[index * 2]}`,
    peerUrl: `https://127.0.0.1:${ports[index * 2 + 1]}`,
    endpoint: `127.0.0.1:${ports[index * 2]}`,
  }));
}

export function memberSettings(
  dir: string,
  member: TestMember,
  all: readonly TestMember[],
  tls: EtcdTlsFiles,
  start: EtcdStart['kind'] = 'new',
): EtcdSettings {
  return {
    name: member.name,
    dataDir: join(dir, member.name),
    clientUrl: member.clientUrl,
    peerUrl: member.peerUrl,
    clientTls: tls,
    peerTls: tls,
    initialCluster: Object.fromEntries(all.map(({ name, peerUrl }) => [name, peerUrl])),
    clusterToken: 'test-cluster',
    start: { kind: start },
  };
}

export function startMember(settings: EtcdSettings, runAs: SystemUser | null = null): Promise<EtcdProcess> {
  return startEtcd(settings, { runAs, log: quiet });
}

export function gatewayTo(members: readonly TestMember[], tls: EtcdTlsFiles): Promise<EtcdGateway> {
  return openEtcdGateway({ endpoints: members.map(({ clientUrl }) => clientUrl), tls });
}

/** Ends a process that this test started, whatever state it is in (SIGKILL reaches a stopped one too). */
export async function killMember(member: EtcdProcess): Promise<void> {
  try {
    process.kill(member.pid, 'SIGKILL');
  } catch {
    // it has ended already
  }
  await member.exited;
}

/** Ports of the loopback interface that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve, reject) => {
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            const address = server.address();
            if (address === null || typeof address === 'string') reject(new Error('no port'));
            else resolve(address.port);
          });
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
