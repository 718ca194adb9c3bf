import type { ElectionBackend } from '../../core/election/backend.ts';
import { createConsulBackend } from '../consul/backend.ts';
import { checksOfService, type LocalService } from '../consul/service.ts';
import { type ElectionSettings, sessionName } from '../settings/settings.ts';

export interface ServiceBackendOptions {
  readonly settings: ElectionSettings;
  /** Of a look at the checks that a session is tied to. */
  readonly timeoutMs: number;
  readonly onValue: (value: string) => void;
}

/** The election of a service in Consul, with its session as the settings tell it. */
export function serviceBackend(
  service: LocalService,
  { settings, timeoutMs, onValue }: ServiceBackendOptions,
): ElectionBackend {
  const { key, ttlMs, lockDelayMs, sessionChecks } = settings;
  const backend = createConsulBackend({
    http: service.http,
    key,
    session: {
      name: sessionName(settings),
      ttlMs,
      lockDelayMs,
      nodeChecks: sessionChecks.node ? ['serfHealth'] : [],
      serviceChecks: [],
    },
    ...(sessionChecks.service ? { serviceChecks: () => checksOfService(service, timeoutMs) } : {}),
    onValue,
  });
  // The connection is needed longer: the marks go last.
  return { ...backend, close: () => undefined };
}
