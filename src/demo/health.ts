import { Agent, get } from 'node:https';
import { json } from 'node:stream/consumers';
import { publicName } from './plan.ts';
import { type Observation, observationOf } from './roles.ts';

/** An answer of `/health`. */
export interface Health {
  readonly status: number;
  readonly body: unknown;
}

/** Asks one `/health` over and over, on one connection. */
export interface HealthProbe {
  /** Null: no answer within `timeoutMs`, or none from a member of this cluster. */
  readonly ask: (timeoutMs: number) => Promise<Health | null>;
  readonly close: () => void;
}

/**
 * @param where of the API of a node, or of the load balancer
 * @param caPem the cluster's authority: an answer of anybody else is none
 */
export function probeHealth(
  where: { readonly host: string; readonly port: number },
  caPem: string,
): HealthProbe {
  const agent = new Agent({ keepAlive: true, maxSockets: 2, ca: caPem, servername: publicName });
  const options = { ...where, path: '/health', agent, headers: { host: publicName } };
  return {
    ask: (timeoutMs) =>
      new Promise((resolve) => {
        const request = get({ ...options, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
          const answer = (body: unknown): void => resolve({ status: response.statusCode ?? 0, body });
          json(response).then(answer, () => resolve(null));
        });
        request.on('error', () => resolve(null));
      }),
    close: () => agent.destroy(),
  };
}

/** What a node tells of itself at this moment. */
export async function observe(
  probe: HealthProbe,
  timeoutMs: number,
  before: Observation | null = null,
): Promise<Observation> {
  const askedAt = performance.now();
  const health = await probe.ask(timeoutMs);
  return observationOf(health?.body ?? null, askedAt, before);
}
