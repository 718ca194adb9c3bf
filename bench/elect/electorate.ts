import { setTimeout as pause } from 'node:timers/promises';
import type { ConsulApi } from '../../src/elector/testing/consul-api.ts';
import type { TestConsul } from '../../src/elector/testing/consul-agent.ts';
import { awaitPassingWithTag } from '../../src/elector/testing/consul-view.ts';
import { registerNomadService, type TestService } from '../../src/elector/testing/nomad-service.ts';
import { type Contender, type Sidecar, startSidecar } from './contender.ts';

/** One task of a service, with the sidecar that runs for it. */
export interface Candidate {
  readonly service: TestService;
  readonly start: () => void;
  readonly sidecar: () => Sidecar;
}

/** A service whose tasks elect one leader among them. */
export interface Electorate {
  readonly name: string;
  /** Of the lock, without its leading slash. */
  readonly key: string;
  readonly candidates: readonly Candidate[];
  /** Waits until exactly one leads and all others have said that they do not: everybody is in place. */
  readonly settled: () => Promise<Candidate>;
  readonly stop: () => Promise<void>;
}

/** TTL and sleep are the original's defaults. */
export const timing = { ttl: '15s', ttlMs: 15_000, sleepMs: 10_000 } as const;
/** A session that nobody renews may live twice its TTL, and a turn of the polling follows. */
export const patienceMs: number = 2 * timing.ttlMs + 2 * timing.sleepMs;

/** How the sidecars of a service are started. */
export interface StartOptions {
  /** What they are told beside where they are and what the original's defaults are. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * How long after the first one the second one starts. Turns of tasks that begin together stay together, and Consul
   * invalidates a session after three turns, to the moment: the next turn would always be due just then.
   */
  readonly apartMs?: number;
}

/** Registers a service of two tasks at an agent, and starts a sidecar for each. */
export async function startElectorate(
  { api, address }: Pick<TestConsul, 'api' | 'address'>,
  contender: Contender,
  name: string,
  { env = {}, apartMs = 0 }: StartOptions = {},
): Promise<Electorate> {
  const register = async (port: number): Promise<Candidate> => {
    const service = await registerNomadService(api, { name, port });
    let sidecar: Sidecar | null = null;
    return {
      service,
      start: () => {
        sidecar = startSidecar(contender, { ...environmentOf(address, name, service.allocId), ...env });
      },
      sidecar: () => {
        if (sidecar === null) throw new Error('not started');
        return sidecar;
      },
    };
  };
  const [first, second] = [await register(5000), await register(5001)];
  const candidates = [first, second];
  first.start();
  await pause(apartMs);
  second.start();
  return {
    name,
    key: `consul-leader/${name}/lock`,
    candidates,
    settled: () => settled(api, name, candidates),
    stop: async () => {
      await Promise.all(candidates.map((one) => one.sidecar().end('SIGKILL')));
    },
  };
}

function environmentOf(address: string, name: string, allocId: string): Readonly<Record<string, string>> {
  return {
    CONSUL_HTTP_ADDR: address,
    CONSUL_LEADER_SERVICE_NAME: name,
    CONSUL_LEADER_REPLICA_LABEL: 'replica',
    CONSUL_LEADER_TTL: timing.ttl,
    CONSUL_LEADER_SLEEP: String(timing.sleepMs / 1000),
    NOMAD_ALLOC_ID: allocId,
  };
}

async function settled(api: ConsulApi, name: string, candidates: readonly Candidate[]): Promise<Candidate> {
  const others = candidates.length - 1;
  try {
    await awaitPassingWithTag(api, name, 'replica', (ids) => ids.length === others, patienceMs);
    const [id] = await awaitPassingWithTag(api, name, 'primary', (ids) => ids.length === 1, patienceMs);
    const leader = candidates.find(({ service }) => service.id === id);
    if (leader !== undefined) return leader;
    throw new Error(`${id} leads, which is none of the candidates`);
  } catch (error) {
    const said = candidates.map((one) => one.sidecar().output()).join('\n');
    throw new Error(`The sidecars of ${name} did not settle. They said:\n${said}`, { cause: error });
  }
}
