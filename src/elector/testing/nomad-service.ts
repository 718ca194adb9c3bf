import { randomUUID } from 'node:crypto';
import type { ConsulApi } from './consul-api.ts';

/** A service's entry on an agent, in the shape in which Nomad makes it. */
export interface TestService {
  readonly allocId: string;
  readonly id: string;
  readonly name: string;
  readonly checkId: string;
  /** The service's entry, as its agent has it now; null when it is gone. */
  readonly entry: () => Promise<ServiceEntry | null>;
  readonly pass: () => Promise<void>;
  readonly fail: () => Promise<void>;
  /** As Nomad does, when the task is over. */
  readonly deregister: () => Promise<void>;
}

/** `GET /v1/agent/service/:id` */
export interface ServiceEntry {
  readonly ID: string;
  readonly Service: string;
  readonly Tags: readonly string[];
  readonly Meta: Readonly<Record<string, string>>;
  readonly Port: number;
  readonly Address: string;
  readonly EnableTagOverride: boolean;
  readonly Weights: Readonly<Record<string, number>>;
}

export interface TestServiceOptions {
  readonly name: string;
  /** Made up unless told. */
  readonly allocId?: string;
  /** What the entry has before the sidecar comes. */
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  readonly port?: number;
  readonly enableTagOverride?: boolean;
  /** Without one nobody has to report that it is well. `seconds`: how long a report counts. */
  readonly checkTtlSeconds?: number | null;
}

/**
 * Registers a service with one check, which passes, at an agent, as Nomad's client does:
 * `_nomad-task-<alloc id>-group-<group>-<service>-<port label>`, tags that others may change, where it came from in Meta.
 */
export async function registerNomadService(
  api: ConsulApi,
  options: TestServiceOptions,
): Promise<TestService> {
  const { name, allocId = randomUUID(), checkTtlSeconds = 3600 } = options;
  const id = `_nomad-task-${allocId}-group-${name}-${name}-db`;
  const checkId = `_nomad-check-${allocId}`;
  await api.put('agent/service/register', {
    ID: id,
    Name: name,
    Tags: options.tags ?? [],
    Address: '127.0.0.1',
    Port: options.port ?? 5432,
    Meta: { 'external-source': 'nomad', ...options.meta },
    EnableTagOverride: options.enableTagOverride ?? true,
    ...(checkTtlSeconds === null
      ? {}
      : {
          Checks: [
            {
              CheckID: checkId,
              Name: `service: "${name}" check`,
              TTL: `${checkTtlSeconds}s`,
              Status: 'passing',
            },
          ],
        }),
  });
  return {
    allocId,
    id,
    name,
    checkId,
    entry: () => api.get<ServiceEntry>(`agent/service/${id}`),
    pass: async () => void (await api.put(`agent/check/pass/${checkId}`)),
    fail: async () => void (await api.put(`agent/check/fail/${checkId}`)),
    deregister: async () => void (await api.put(`agent/service/deregister/${id}`)),
  };
}
