import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contender, type Sidecar, startSidecar } from '../../bench/elect/contender.ts';
import type { TestConsul } from '../../src/elector/testing/consul-agent.ts';
import { awaitAnswer } from '../../src/elector/testing/consul-api.ts';
import { readSessions } from '../../src/elector/testing/consul-view.ts';
import { registerNomadService, type TestServiceOptions } from '../../src/elector/testing/nomad-service.ts';
import type { Task } from './footprint.ts';

/** What clients are told of a task. */
export interface Seen {
  readonly tags: readonly string[];
  readonly session: string | null;
}

/** Two tasks of a service, the same in every run, and sidecars for them of whichever kind. */
export interface Pair {
  readonly tasks: readonly [Task, Task];
  readonly start: (contender: Contender, at: 0 | 1) => Sidecar;
  /** Waits until the catalogue shows this of both. */
  readonly until: (holds: (first: Seen, second: Seen) => boolean) => Promise<void>;
  /** Ends the sidecars, and takes everything away that they and this have made. */
  readonly stop: () => Promise<void>;
}

const patienceMs = 40_000;
const allocIds = ['11111111-aaaa-4aaa-8aaa-000000000000', '22222222-bbbb-4bbb-8bbb-000000000000'] as const;

/** Registers the tasks. `env`: what each sidecar is told beside where it is. */
export async function startPair(
  { api, address }: TestConsul,
  service: Omit<TestServiceOptions, 'allocId' | 'port'>,
  env: Readonly<Record<string, string>>,
): Promise<Pair> {
  const makeTask = async (at: 0 | 1): Promise<Task> => ({
    service: await registerNomadService(api, { ...service, allocId: allocIds[at], port: 5000 + at }),
    allocDir: await mkdtemp(join(tmpdir(), 'hf-alloc-')),
  });
  const tasks = [await makeTask(0), await makeTask(1)] as const;
  const sidecars: Sidecar[] = [];
  return {
    tasks,
    start: (contender, at) => {
      const { service: own, allocDir } = tasks[at];
      const nomad = { NOMAD_ALLOC_ID: own.allocId, NOMAD_ALLOC_DIR: allocDir };
      const sidecar = startSidecar(contender, { CONSUL_HTTP_ADDR: address, ...nomad, ...env });
      sidecars.push(sidecar);
      return sidecar;
    },
    until: async (holds) => {
      const settled = (entries: readonly Entry[] | null): boolean =>
        holds(seen(entries, tasks[0].service.id), seen(entries, tasks[1].service.id));
      try {
        await awaitAnswer(api, `health/service/${service.name}?consistent`, settled, patienceMs);
      } catch (cause) {
        throw new Error(`The sidecars said: ${sidecars.map(({ output }) => output()).join('\n')}`, { cause });
      }
    },
    stop: async () => {
      await Promise.all(sidecars.map((sidecar) => sidecar.end('SIGKILL')));
      for (const { ID } of await readSessions(api)) await api.put(`session/destroy/${ID}`);
      await api.ask('DELETE', 'kv/?recurse');
      for (const task of tasks) {
        await task.service.deregister();
        await rm(task.allocDir, { recursive: true, force: true });
      }
    },
  };
}

interface Entry {
  readonly Service: {
    readonly ID: string;
    readonly Tags: readonly string[];
    readonly Meta: Readonly<Record<string, string>>;
  };
}

function seen(entries: readonly Entry[] | null, id: string): Seen {
  const found = entries?.find(({ Service }) => Service.ID === id)?.Service;
  return { tags: found?.Tags ?? [], session: found?.Meta['session'] ?? null };
}
