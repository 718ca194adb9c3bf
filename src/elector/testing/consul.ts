import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeTestCa } from '../../coordination/testing/certificates.ts';
import { freePorts } from '../../coordination/testing/etcd-members.ts';
import type { EtcdTlsFiles } from '../../coordination/etcd-endpoints.ts';
import { bootstrapAcl } from './consul-acl.ts';
import { startConsulAgent, type TestConsul } from './consul-agent.ts';
import { type ConsulPorts, type ConsulSettings, loopback } from './consul-settings.ts';

/** What a test may want otherwise. */
export interface ConsulOptions {
  /** 1000 ms unless told. Consul's own floor is 10 s. */
  readonly sessionTtlMinMs?: number;
  /** With ACLs, everything is denied that no token allows. */
  readonly acl?: boolean;
  /** HTTPS too, for clients with a certificate. */
  readonly tls?: boolean;
  /** A lost agent is noticed in about a second. */
  readonly quickGossip?: boolean;
}

/** Real Consul servers of a test, and the clients that joined them. */
export interface TestConsulCluster {
  readonly servers: readonly TestConsul[];
  /** The first server. */
  readonly first: TestConsul;
  /** Starts a client agent that joins the servers. */
  readonly client: (name: string) => Promise<TestConsul>;
  /** The server that leads the raft, as `asked` (a living server) says. Null: nobody does, for now. */
  readonly leader: (asked?: TestConsul) => Promise<TestConsul | null>;
  /** With TLS: the authority, and a client's certificate. */
  readonly tls: EtcdTlsFiles | null;
  /** Kills all that this started, and removes what it wrote. */
  readonly stop: () => Promise<void>;
}

/** The name in the agents' certificate, beside their address. */
export const tlsName = 'server.dc1.consul';

/** One server alone, which leads: it is ready in about two seconds. */
export function startConsul(options: ConsulOptions = {}): Promise<TestConsulCluster> {
  return startConsulCluster(1, options);
}

/** As many servers as told; three survive the loss of one. */
export async function startConsulCluster(
  serverCount: number,
  options: ConsulOptions = {},
): Promise<TestConsulCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'hf-consul-'));
  const started: TestConsul[] = [];
  const tls = options.tls === true ? await makeTls(dir) : null;
  const planned = await planServers(serverCount);
  const gossip = planned.map(({ ports }) => `${loopback}:${ports.serfLan}`);
  let token: Promise<string | null> | null = null;
  const tokenOf = (address: string): Promise<string | null> => {
    token ??= options.acl === true ? bootstrapAcl(address) : Promise.resolve(null);
    return token;
  };

  const launch = async (agent: Pick<ConsulSettings, 'name' | 'ports' | 'role'>): Promise<TestConsul> => {
    const consul = await startConsulAgent(
      {
        ...agent,
        dataDir: join(dir, agent.name),
        join: agent.role.kind === 'server' && serverCount === 1 ? [] : gossip,
        sessionTtlMinMs: options.sessionTtlMinMs ?? 1000,
        acl: options.acl ?? false,
        tls: tls?.agent ?? null,
        quickGossip: options.quickGossip ?? false,
      },
      tokenOf,
    );
    started.push(consul);
    return consul;
  };

  const stop = async (): Promise<void> => {
    await Promise.all(started.map((agent) => agent.kill()));
    await rm(dir, { recursive: true, force: true });
  };

  const launches = await Promise.allSettled(planned.map(launch));
  const servers = launches.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failure = launches.find((one) => one.status === 'rejected');
  const [first] = servers;
  if (failure !== undefined || first === undefined) {
    await stop();
    throw failure?.reason ?? new Error('a cluster needs a server');
  }

  return {
    servers,
    first,
    client: async (name) => {
      const [ports] = await planPorts(1);
      if (ports === undefined) throw new Error('no free ports');
      return launch({ name, ports, role: { kind: 'client' } });
    },
    leader: async (asked = first) => {
      const raft = await asked.api.get<string>('status/leader');
      return servers.find((server) => server.raft === raft) ?? null;
    },
    tls: tls?.client ?? null,
    stop,
  };
}

async function planServers(
  count: number,
): Promise<readonly Pick<ConsulSettings, 'name' | 'ports' | 'role'>[]> {
  const ports = await planPorts(count);
  return ports.map((own, index) => ({
    name: `consul-${index + 1}`,
    ports: own,
    role: { kind: 'server', servers: count },
  }));
}

async function planPorts(agents: number): Promise<readonly ConsulPorts[]> {
  const free = await freePorts(agents * 4);
  return Array.from({ length: agents }, (_, index) => {
    const [http = 0, https = 0, server = 0, serfLan = 0] = free.slice(index * 4);
    return { http, https, server, serfLan };
  });
}

/** One certificate for all agents, which all answer at the same address, and one for clients. */
async function makeTls(
  dir: string,
): Promise<{ readonly agent: EtcdTlsFiles; readonly client: EtcdTlsFiles }> {
  const ca = await makeTestCa(dir, 'consul-test');
  const agent = await ca.issue('agent', 1, 'serverAuth,clientAuth', `IP:${loopback},DNS:${tlsName}`);
  return { agent, client: await ca.issue('client') };
}
