import { type Sidecar, startSidecar } from '../../bench/elect/contender.ts';
import type { TestConsul } from '../../src/elector/testing/consul-agent.ts';
import { awaitPassingWithTag, passingWithTag } from '../../src/elector/testing/consul-view.ts';
import { registerNomadService, type TestService } from '../../src/elector/testing/nomad-service.ts';

type Environment = Readonly<Record<string, string>>;

/** Ours with this environment leads for a task of the service, and lets go at its end. */
export async function elects(
  consul: TestConsul,
  name: string,
  envOf: (service: TestService) => Environment,
): Promise<void> {
  await withSidecar(consul, name, envOf, async (sidecar, service) => {
    try {
      await awaitPassingWithTag(consul.api, name, 'primary', (ids) => ids[0] === service.id, 30_000);
    } catch (cause) {
      throw new Error(`The sidecar said: ${sidecar.output()}`, { cause });
    }
  });
}

/** Ours with this environment does not lead, and says why. */
export async function complains(
  consul: TestConsul,
  name: string,
  envOf: (service: TestService) => Environment,
  of: RegExp,
): Promise<void> {
  await withSidecar(consul, name, envOf, async (sidecar) => {
    await sidecar.says(of, 20_000);
    const led = await passingWithTag(consul.api, name, 'primary');
    if (led.length > 0) throw new Error('and yet it leads');
  });
}

/** The first election of a service takes a TTL: this is the shortest that Consul takes. */
const shortest = { CONSUL_LEADER_TTL: '10s', CONSUL_LEADER_SLEEP: '3' } as const;

/** The sidecar ends before its service does, while there is somebody to say goodbye to. */
async function withSidecar(
  { api }: TestConsul,
  name: string,
  envOf: (service: TestService) => Environment,
  work: (sidecar: Sidecar, service: TestService) => Promise<void>,
): Promise<void> {
  const service = await registerNomadService(api, { name });
  const sidecar = startSidecar('ours', { ...shortest, ...envOf(service) });
  try {
    await work(sidecar, service);
  } finally {
    await sidecar.end('SIGTERM');
    await service.deregister();
  }
}
