import { setTimeout as pause } from 'node:timers/promises';
import { type ConsulApi, consulApi } from './consul-api.ts';
import { startConsulProcess } from './consul-process.ts';
import { type ConsulSettings, loopback, socketOf } from './consul-settings.ts';

/** A real Consul agent of a test, and what can be done to it. */
export interface TestConsul {
  /** Of its node. */
  readonly name: string;
  /** `http://127.0.0.1:<port>` */
  readonly address: string;
  /** `https://127.0.0.1:<port>`; it answers where the agent has TLS. */
  readonly httpsAddress: string;
  /** `unix://<path>`, in the form of CONSUL_HTTP_ADDR. */
  readonly socketAddress: string;
  /** `host:port` of its gossip, for those that join it. */
  readonly gossip: string;
  /** `host:port` of its raft, as `/v1/status/leader` names it. */
  readonly raft: string;
  /** Calls with the management token where there are ACLs. */
  readonly api: ConsulApi;
  /** The management token; null without ACLs. */
  readonly token: string | null;
  /** Of the process now running. */
  readonly pid: () => number;
  /** kill -9, until it is gone. Its data stays. */
  readonly kill: () => Promise<void>;
  /** SIGSTOP: it holds its connections and says nothing. */
  readonly freeze: () => void;
  /** SIGCONT. */
  readonly thaw: () => void;
  /** In order, until it is gone: a client leaves the cluster. Its data stays. */
  readonly stop: () => Promise<void>;
  /** Starts it again, on the same data and ports, and waits until it is ready. */
  readonly start: () => Promise<void>;
}

const readyTimeoutMs = 30_000;
const stopTimeoutMs = 10_000;

/**
 * Starts an agent and waits until it is ready.
 *
 * @param tokenOf the management token of its cluster, once its process runs; null without ACLs
 */
export async function startConsulAgent(
  settings: ConsulSettings,
  tokenOf: (address: string) => Promise<string | null>,
): Promise<TestConsul> {
  const { name, ports } = settings;
  const address = `http://${loopback}:${ports.http}`;
  let process = await startConsulProcess(settings);
  const token = await orItsEnd(tokenOf(address));
  const api = consulApi(address, token);
  if (token !== null) await orItsEnd(untilDone(() => api.put('agent/token/agent', { Token: token })));
  await orItsEnd(waitReady(api, name));
  return {
    name,
    address,
    httpsAddress: `https://${loopback}:${ports.https}`,
    socketAddress: `unix://${socketOf(settings)}`,
    gossip: `${loopback}:${ports.serfLan}`,
    raft: `${loopback}:${ports.server}`,
    api,
    token,
    pid: () => process.pid,
    kill: () => end('SIGKILL'),
    freeze: () => process.signal('SIGSTOP'),
    thaw: () => process.signal('SIGCONT'),
    stop: () => end('SIGTERM'),
    start: async () => {
      process = await startConsulProcess(settings);
      await orItsEnd(waitReady(api, name));
    },
  };

  async function orItsEnd<T>(work: Promise<T>): Promise<T> {
    const itsEnd = process.exited.then((how): never => {
      throw new Error(`Consul agent ${name} ended: ${how}`);
    });
    try {
      return await Promise.race([work, itsEnd]);
    } catch (error) {
      process.signal('SIGKILL');
      throw error;
    } finally {
      work.catch(() => undefined); // it fails when the agent is gone, and by then nobody listens
      itsEnd.catch(() => undefined);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    process.signal(signal);
    const killer = setTimeout(() => process.signal('SIGKILL'), stopTimeoutMs);
    await process.exited;
    clearTimeout(killer);
  }
}

/**
 * Repeats a call until it succeeds: for what a cluster refuses before it has a leader.
 *
 * @throws the last error after half a minute
 */
export async function untilDone<T>(call: () => Promise<T>): Promise<T> {
  const endAt = performance.now() + readyTimeoutMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (performance.now() > endAt) throw error;
      await pause(50); // until its port listens there is nothing to wait on
    }
  }
}

/**
 * Ready: there is a leader, and the node is in the catalogue with its gossip check passing, which sessions need.
 *
 * @throws Error when that does not come in half a minute
 */
function waitReady(api: ConsulApi, name: string): Promise<void> {
  return untilDone(async () => {
    const checks = await api.get<readonly { CheckID: string; Status: string }[]>(`health/node/${name}`, 2000);
    if (checks?.some((check) => check.CheckID === 'serfHealth' && check.Status === 'passing')) return;
    throw new Error(`Consul agent ${name} is not ready: its checks are ${JSON.stringify(checks)}`);
  });
}
