import { Problem } from '../../core/problem.ts';
import { pause } from '../../runtime/pause.ts';
import { checkDatacenter } from '../consul/datacenter.ts';
import type { ConsulHttp } from '../consul/http.ts';
import { describeQuery, findService, type ServiceQuery } from '../consul/service.ts';
import type { ElectorLog } from '../log.ts';

/** As often as the shell sidecar looks, and as long apart. */
const tries = 3;
const pauseMs = 5000;

export interface OwnServiceDeps {
  readonly http: ConsulHttp;
  readonly query: ServiceQuery;
  readonly timeoutMs: number;
  readonly log: ElectorLog;
  readonly signal: AbortSignal;
  /** Between two tries, in milliseconds; shorter in tests. */
  readonly pauseMs?: number;
}

/**
 * The id of our service, which may be registered a little after we started.
 *
 * @throws Problem `consul_service_missing` after three tries; what the last of them failed of
 */
export async function findOwnService(deps: OwnServiceDeps): Promise<string> {
  const { http, query, timeoutMs, log, signal } = deps;
  let failure: unknown = null;
  for (let left = tries; left > 0; left -= 1) {
    try {
      await checkDatacenter(http, timeoutMs, signal);
      const id = await findService(http, query, timeoutMs, signal);
      if (id !== null) return id;
      failure = missing(http, query);
    } catch (error) {
      if (error instanceof Problem && ['usage', 'forbidden', 'invalid'].includes(error.kind)) throw error;
      failure = error;
    }
    signal.throwIfAborted();
    if (left === 1) break;
    log.info(`${failure instanceof Problem ? failure.detail : 'the agent did not answer.'} Tries again.`);
    await pause(deps.pauseMs ?? pauseMs, signal);
    signal.throwIfAborted();
  }
  throw failure;
}

function missing(http: ConsulHttp, query: ServiceQuery): Problem {
  return new Problem(
    'consul_service_missing',
    `the Consul agent at ${http.where} has no service for ${describeQuery(query)}. Is it registered on this agent, and may the token read it (service:read)?`,
  );
}
