import type { ApiSettings } from '../../core/api-settings.ts';
import type { ServingRole } from '../../core/serving.ts';
import type { Store } from '../../store/open-store.ts';
import type { Serving } from '../serving/serving.ts';
import { refreshesCounts } from './counts.ts';
import { requestTally } from './request-tally.ts';

/** What a worker counts for Prometheus. */
export interface Metrics {
  /** One answer that has left. */
  readonly answered: (operation: string, status: number, seconds: number) => void;
  /** One request that failed by a fault of ours, or because something was not there. @param why a Problem's code, or `fault` */
  readonly failed: (operation: string, why: string) => void;
  /** A type of authenticator that this server has. */
  readonly installed: (type: string) => void;
  /** Everything in Prometheus' text format, with its media type. */
  readonly text: () => Promise<{ readonly type: string; readonly body: string }>;
}

const servingRoles: readonly ServingRole[] = ['master', 'standby', 'follower', 'starting'];
/** Opens the metrics of a worker. The library is loaded here: a worker without metrics never does. */
export async function openMetrics(needs: {
  readonly store: Store;
  readonly serving: Serving;
  readonly settings: ApiSettings;
  /** The number of this worker; null: it is the only one of its node. */
  readonly worker: number | null;
}): Promise<Metrics> {
  const { Counter, Gauge, Registry, collectDefaultMetrics } = await import('prom-client');
  const { store, serving, settings, worker } = needs;
  const register = new Registry();
  if (worker !== null) register.setDefaultLabels({ worker: String(worker) });
  const registers = [register];
  collectDefaultMetrics({ register, prefix: 'holdfast_' });
  const exceptions = new Counter({
    name: 'conjur_http_server_request_exceptions_total',
    help: 'Requests that failed for no fault of the client, by route and reason.',
    labelNames: ['operation', 'exception'] as const,
    registers,
  });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const authenticators = gauge('conjur_server_authenticator', 'Authenticators, by type and status.', [
    'type',
    'status',
  ]);
  for (const [type, many] of enabledTypes(settings)) authenticators.set({ type, status: 'enabled' }, many);
  const refreshCounts = refreshesCounts(store.reads, {
    roles: gauge('conjur_role_count', 'Roles in the database, by kind.', ['kind']),
    resources: gauge('conjur_resource_count', 'Resources in the database, by kind.', ['kind']),
    authenticators,
  });
  const role = gauge('holdfast_serving_role', 'What this node is to its clients: 1 for that role.', ['role']);
  const writes = gauge('holdfast_writes_under_way', 'Writes that this worker is at.', []);
  const waiting = gauge('holdfast_audit_records_waiting', 'Audit records that are not written yet.', []);
  const queued = gauge(
    'holdfast_audit_records_queued',
    'Of a follower: audit records that the master does not have yet; not a number where that is not known.',
    [],
  );
  const forwards = gauge(
    'holdfast_audit_records_to_forward',
    'Of a master: audit records that a target of the forwarding does not have yet.',
    ['target'],
  );
  const age = gauge(
    'holdfast_data_age_seconds',
    'How old the data of this node may be; not a number where that is not known.',
    [],
  );
  const tally = requestTally(worker);
  return {
    answered: tally.add,
    failed: (operation, why) => exceptions.inc({ operation, exception: why }),
    installed: (type) => authenticators.set({ type, status: 'installed' }, 1),
    text: async () => {
      const view = serving.view();
      for (const name of servingRoles) role.set({ role: name }, Number(name === view.role));
      writes.set(serving.writesUnderWay);
      waiting.set(store.audit.waiting());
      queued.set(view.state?.audit.queued ?? Number.NaN);
      forwards.reset();
      for (const [target, records] of Object.entries(view.state?.audit.forwards ?? {}))
        forwards.set({ target }, records);
      age.set(ageSeconds(view.role, serving.dataAgeMs));
      if (view.role === 'master' || view.role === 'follower') await refreshCounts();
      return { type: register.contentType, body: `${tally.text()}${await register.metrics()}` };
    },
  };
}

/** A master has what there is; of who serves nobody, nothing is said. */
function ageSeconds(role: ServingRole, ageMs: number | null): number {
  if (role === 'master') return 0;
  return role === 'follower' && ageMs !== null ? ageMs / 1000 : Number.NaN;
}

/** How many authenticators the settings switch on, by type; `authn` always is. */
function enabledTypes({ authenticators }: ApiSettings): ReadonlyMap<string, number> {
  const types = new Map([['authn', 1]]);
  for (const name of authenticators) {
    const type = name.split('/', 1)[0] ?? name;
    types.set(type, (types.get(type) ?? 0) + 1);
  }
  return types;
}
